"""What the command line's tests share: a caller, and images to work on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

import main


@dataclass(frozen=True)
class Said:
    """What one call of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be exactly one JSON object on one line."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        data = json.loads(self.out)
        assert isinstance(data, dict)
        return data


class Call(Protocol):
    """Runs `doscope` with these arguments in this process."""

    def __call__(self, *arguments: object) -> Said: ...


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """See `Call`."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


def draw(path: Path, *values: int) -> Path:
    """An image of `shapes` as a file."""
    import datasets
    from datasets.images import save_image

    source = datasets.make_source("shapes")
    save_image(path, source.render(np.array([values], dtype=np.int64))[0])
    return path


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the image of some factor values."""
    return draw(tmp_path_factory.mktemp("images") / "x.png", 1, 2, 3, 4, 0, 7)


@pytest.fixture(scope="session")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`before` with the object's hue one step further."""
    return draw(tmp_path_factory.mktemp("images") / "y.png", 1, 2, 4, 4, 0, 7)
