"""What a session of exploring is: an image, what was done to it step by step, and with which run. Plain data.

`engine/session_files.py` writes and reads it. Images are uint8 [height, width, channels], codes int64 [N].
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.results import BoolArray, Codes, FloatArray, LoadedImage, Reconstruction

if TYPE_CHECKING:
    from engine.results import Image, RunInfo


@dataclass(frozen=True)
class SessionRun:
    """The run that a session was made with, enough to find it again and to read the codes without it.

    Attributes:
        name, path: as in RunInfo; the path may be another machine's, or empty.
        fingerprint: of the weights that the codes belong to; see `fingerprint`.
        grid: (Q, H, W).
        num_codes: K.
    """

    name: str
    path: str
    fingerprint: str
    grid: tuple[int, int, int]
    num_codes: int

    @classmethod
    def of(cls, info: RunInfo) -> SessionRun:
        """The identity of a loaded run."""
        return cls(info.name, str(info.path), info.fingerprint, info.grid, info.num_codes)


@dataclass(frozen=True, eq=False)
class SessionStep:
    """One step of the history; gui.state.Step says what the fields mean."""

    label: str
    codes: Codes
    image: Image
    name: str = ""
    moved: BoolArray | None = None
    targets: BoolArray | None = None
    python: str = ""
    moves: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Session:
    """All that comes back when a session is opened.

    Attributes:
        dataset: the name or path that the data set was opened by; empty when none was open.
        dataset_name: the data set's own name.
        image: the original; position, split: its place in the data set, None and empty for another image.
        reconstruction: the model's reading of it.
        steps: every step once; the first is the reconstruction.
        branches: paths from the first step, as places in `steps`; two of them share how they begin.
        branch: the present one.
        index: the present step's place in the present branch.
        variable, action: the chosen ones, None for none; propagate: how do(variable) works.
    """

    run: SessionRun
    dataset: str
    dataset_name: str
    image: LoadedImage
    position: int | None
    split: str
    reconstruction: Reconstruction
    steps: tuple[SessionStep, ...]
    branches: tuple[tuple[int, ...], ...]
    branch: int
    index: int
    variable: int | None = None
    action: int | None = None
    propagate: bool = True


def fingerprint(config: dict[str, Any], step: int, codebook: FloatArray) -> str:
    """What tells one version of a run's weights from another: 16 hexadecimal digits.

    The configuration and the step alone would be the same for a run that was trained anew with them, so the
    codebook counts too: it is what codes mean.
    """
    words = json.dumps({"config": config, "step": step}, sort_keys=True).encode()
    return hashlib.sha256(words + codebook.astype("<f4").tobytes()).hexdigest()[:16]
