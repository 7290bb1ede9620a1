"""Errors planted on purpose, each with the test file that has to notice: `python scripts/planted_errors.py`.

A test that cannot fail tests nothing. Every error below is put into a copy of the project, alone, and the
test file beside it is run; the command ends with 1 if one went unnoticed. Not part of `make test`: it takes
some minutes. `python scripts/planted_errors.py probes` plants those whose file or name has that word.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from planted_data import Planted
from planted_list import PLANTED

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("benchmarks", "cli", "datasets", "engine", "gui", "resources", "scripts", "tests")


def main(words: list[str]) -> int:
    """Plants all errors, or those whose name or path has one of the words; 0 if every one was noticed."""
    chosen = [p for p in PLANTED if not words or any(word in f"{p.name} {p.path}" for word in words)]
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in COPIED:
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "main.py"):
            shutil.copy(ROOT / name, copy / name)
        for planted in chosen:
            begun = time.monotonic()
            noticed = _is_noticed(copy, planted)
            unnoticed += not noticed
            word = "noticed" if noticed else "NOT NOTICED"
            print(
                f"{word:12} {planted.name} ({planted.path}; {planted.test}; {time.monotonic() - begun:.0f} s)"
            )
    print(f"{len(chosen) - unnoticed} of {len(chosen)} noticed")
    return 1 if unnoticed else 0


def _is_noticed(copy: Path, planted: Planted) -> bool:
    path = copy / planted.path
    whole = path.read_text(encoding="utf-8")
    if whole.count(planted.old) != 1:
        raise SystemExit(f"{planted.path} has '{planted.old}' {whole.count(planted.old)} times, not once")
    path.write_text(whole.replace(planted.old, planted.new), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(copy), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", planted.test]
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False)
    finally:
        path.write_text(whole, encoding="utf-8")
    return done.returncode == 1  # 1: a test failed; others: nothing was tested


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
