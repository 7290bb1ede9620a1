"""The direction of imports is a test, not a wish."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Outer to inner: a room may import itself and what stands after it.
ORDER = ("main", "cli", "gui", "engine", "datasets")
VIEWS = ("explore", "retrieve", "train", "library")
FORBIDDEN = {
    "cli": {"PySide6", "pyqtgraph", "h5py", "tensorboardX", "safetensors", "sklearn", "optuna"},
    "gui": {"torch", "h5py", "safetensors", "tensorboardX", "sklearn", "optuna"},
    "engine": {"PySide6", "pyqtgraph"},
    "datasets": {"torch", "PySide6", "pyqtgraph", "safetensors", "tensorboardX", "networkx", "sklearn"},
}
# The one reasoned exception: on Windows torch must be loaded before Qt.
ALLOWED = {("cli/window.py", "torch")}
IMPORT_NAMES = {
    "pillow": "PIL",
    "pyside6-essentials": "PySide6",
    "scikit-learn": "sklearn",
    "tensorboardx": "tensorboardX",
}


def source_files() -> list[Path]:
    """main.py and every module of the rooms."""
    rooms = [path for room in ORDER[1:] for path in sorted((ROOT / room).rglob("*.py"))]
    return [ROOT / "main.py", *rooms]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of each import, those inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def room_of(path: Path) -> str:
    """The room that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def declared_packages() -> set[str]:
    """The import names of the dependencies in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("\ndependencies = [", 1)[1].split("\n]", 1)[0]
    names = re.findall(r'^\s*"([A-Za-z0-9_.-]+)', block, re.M)
    return {IMPORT_NAMES.get(name.lower(), name.lower()) for name in names}


def misdirected(path: Path) -> list[str]:
    """The imports of one file that go against the rules."""
    room, wrong = room_of(path), []
    outer = set(ORDER[: ORDER.index(room)])
    for name, line in imported(path):
        top = name.split(".")[0]
        allowed = (path.relative_to(ROOT).as_posix(), top) in ALLOWED
        if top in outer or (top in FORBIDDEN.get(room, set()) and not allowed):
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return wrong


def test_rooms_import_only_inwards() -> None:
    """main -> cli -> gui -> engine -> datasets, and no room imports a library that is not its business."""
    wrong = [sentence for path in source_files() for sentence in misdirected(path)]
    assert not wrong, "\n".join(wrong)


def test_the_rule_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check sees a lazy import as well, so a hidden one cannot pass."""
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    bad = tmp_path / "datasets" / "bad.py"
    bad.parent.mkdir()
    bad.write_text("def f():\n    from engine.model import CTVAE\n    import torch.nn\n")
    found = misdirected(bad)
    assert len(found) == 3
    assert "engine.model" in found[0]
    assert "torch.nn" in found[2]


def test_no_view_knows_another_view() -> None:
    """The views of the window meet only in the main window's wiring."""
    wrong = []
    for view in VIEWS:
        others = tuple(f"gui.{other}" for other in VIEWS if other != view)
        for path in sorted((ROOT / "gui" / view).rglob("*.py")):
            wrong += [
                f"{path.relative_to(ROOT)}:{n}" for name, n in imported(path) if name.startswith(others)
            ]
    assert not wrong, "\n".join(wrong)


def test_every_import_exists() -> None:
    """An import is the standard library, a declared dependency, or a file of ours: nothing comes by luck."""
    known = set(sys.stdlib_module_names) | declared_packages() | set(ORDER)
    wrong = []
    for path in source_files():
        for name, line in imported(path):
            top = name.split(".")[0]
            if top not in known:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}, which is not declared")
            elif top in ORDER[1:] and not _is_ours(name):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}, which is no file of ours")
    assert not wrong, "\n".join(wrong)


def _is_ours(name: str) -> bool:
    """Whether a dotted name, or the module that holds it, is a file or package."""
    parts = name.split(".")
    candidates = [ROOT.joinpath(*parts), ROOT.joinpath(*parts[:-1])]
    return any(path.with_suffix(".py").is_file() or path.is_dir() for path in candidates)


def test_packages_are_listed_one_by_one() -> None:
    """Every folder with modules is in pyproject.toml, or an installed Doscope would lack it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("\npackages = [", 1)[1].split("\n]", 1)[0]
    listed = set(re.findall(r'"([^"]+)"', block))
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in source_files()} - {""}
    assert folders | {"resources"} == listed


@pytest.mark.process
@pytest.mark.parametrize(
    ("module", "slow"),
    [
        ("cli.parser", {"torch", "numpy"}),
        ("gui.app", {"torch", "h5py", "pyqtgraph", "gui.engine_work"}),
        ("gui.app", {f"gui.{name}.workspace" for name in ("retrieve", "train", "library")}),
    ],
)
def test_first_paint_does_not_wait(module: str, slow: set[str]) -> None:
    """`--help` answers without numpy or torch; the window that is seen first loads what it needs alone."""
    code = f"import sys, {module}; sys.exit(bool({slow!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr or f"{module} loads {slow}"
