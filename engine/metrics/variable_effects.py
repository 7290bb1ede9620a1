"""Which factors a latent variable moves, measured: do(variable := another code), read by probes.

For each of some images, the variable gets the code that it has in another of the images, nothing else moves,
and the probes read the decoded image before and after. This is what a variable *means* in the picture; the
causal layer has no part in it.

Legend: m images, N latent variables, F factors.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from datasets.cache import Cache
from datasets.home import caches_dir
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.probe_store import key_of, probes_steps
from engine.metrics.probes import readable_factors
from engine.results import Codes, FloatArray
from engine.whole_files import whole

VERSION = 1  # of how it is measured; a higher one measures anew


@dataclass(frozen=True, eq=False)
class VariableEffects:
    """What do(variable := another code) moves.

    Attributes:
        changed: share of the tried images in which the reading of a factor changes, in 0..1, [N, F]; zeros
            for variables that have one code in all images, and for factors that are not read.
        tried: images in which the variable could get another code, [N].
        images: how many were looked at, m.
    """

    changed: FloatArray
    tried: npt.NDArray[np.int64]
    images: int

    def strongest(self, variable: int) -> list[tuple[int, float]]:
        """Factors that a variable moves at all, the most moved one first, with their shares."""
        order = np.argsort(-self.changed[variable], kind="stable")
        return [(int(f), float(self.changed[variable, f])) for f in order if self.changed[variable, f] > 0]


def variable_effects_steps(
    explorer: Explorer, cache: Cache, codes: Codes
) -> Generator[Progressed, None, VariableEffects]:
    """Measures all variables, or reads what was measured before of these weights on these codes.

    Args:
        explorer: the run.
        cache: its data set, for the probes.
        codes: of the images, int64 [m,N].

    Raises:
        InputError: the data set has no factor labels, or no factor that varies.
    """
    if not cache.has_factor_labels or not readable_factors(cache).any():
        raise InputError(
            f"what a variable moves is read by probes, which need factor labels that vary; {cache.name} has"
            " none"
        )
    place = _place(explorer, cache, codes)
    known = _read(place, explorer, cache)
    if known is not None:
        return known
    notes: list[str] = []
    probes = yield from probes_steps(cache, torch.device(explorer.info.device), notes)
    assert probes is not None  # only a limit in seconds makes it give up
    before = probes.read(explorer.decode(codes))
    num_variables = explorer.info.num_variables
    changed = np.zeros((num_variables, cache.space.num_factors), dtype=np.float32)
    tried = np.zeros(num_variables, dtype=np.int64)
    for variable in range(num_variables):
        rows, donors = another_code(codes[:, variable])
        tried[variable] = len(rows)
        if len(rows):
            cells = codes[rows]
            cells[:, variable] = codes[donors, variable]
            changed[variable] = (probes.read(explorer.decode(cells)) != before[rows]).mean(axis=0)
        yield Progressed("measuring what each variable moves", variable + 1, num_variables)
    found = VariableEffects(changed, tried, len(codes))
    _write(place, found)
    return found


def another_code(codes_m: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Images whose code another image can replace by a different one, and the image that lends its code.

    The lender is the next image, in the order given and around its end, that has another code.
    """
    rows, donors = [], []
    count = len(codes_m)
    for row in range(count):
        following = (row + np.arange(1, count)) % count
        differing = np.flatnonzero(codes_m[following] != codes_m[row])
        if len(differing):
            rows.append(row)
            donors.append(int(following[differing[0]]))
    return np.array(rows, dtype=np.int64), np.array(donors, dtype=np.int64)


def _place(explorer: Explorer, cache: Cache, codes: Codes) -> Path:
    """With the run; for the bundled one, whose folder may belong to another user, in the home folder."""
    facts = f"{VERSION} {explorer.info.fingerprint} {key_of(cache)}".encode() + codes.tobytes()
    name = f"variable_effects-{hashlib.sha256(facts).hexdigest()[:12]}.json"
    return (caches_dir() if explorer.info.name == "bundled" else explorer.info.path) / name


def _read(place: Path, explorer: Explorer, cache: Cache) -> VariableEffects | None:
    """What is kept, or None where nothing is, or nothing that fits."""
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
        changed = np.array(data["changed"], dtype=np.float32)
        tried = np.array(data["tried"], dtype=np.int64)
        images = int(data["images"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    shape = (explorer.info.num_variables, cache.space.num_factors)
    return VariableEffects(changed, tried, images) if changed.shape == shape else None


def _write(place: Path, found: VariableEffects) -> None:
    """What cannot be kept is measured again the next time; that is no reason to fail."""
    data = {"changed": found.changed.tolist(), "tried": found.tried.tolist(), "images": found.images}
    make = place.parent == caches_dir()  # a run that is gone meanwhile stays gone
    with contextlib.suppress(OSError), whole(place, make_folders=make) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")
