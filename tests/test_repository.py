"""What holds for the project as a whole: sizes, forbidden habits, and documents that tell the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import VERSION

ROOT = Path(__file__).resolve().parent.parent
CODE_FOLDERS = ("cli", "datasets", "engine", "gui", "scripts", "benchmarks", "tests")
MOST_LINES = 400
# Spelled in pieces, so that this file does not contain them.
PICKLE = (r"allow_pickle\s*=\s*" + "True", r"^\s*import " + "pickle", "from " + "pickle", r"torch\." + "load")
OF_ONE_MACHINE = (
    r"/wo" + r"rk/",
    r"/ro" + r"ot/",
    r"/ho" + r"me/\w",
    r"/Us" + r"ers/",
    r"ht" + r"tps?://[^ )]*pyp" + "i",
)


def code_files() -> list[Path]:
    """Every Python file of the project."""
    found = [path for folder in CODE_FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [ROOT / "main.py", *found]


def documents() -> list[Path]:
    """Every Markdown page."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def read(name: str) -> str:
    """A file of the project as text."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_files_stay_small() -> None:
    """A file that no longer fits a head is divided."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in code_files()}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES}
    assert not long


def test_no_pickle() -> None:
    """Whatever Doscope opens may come from a stranger: nothing may be unpickled."""
    pattern = re.compile("|".join(PICKLE), re.M)
    guilty = [str(path) for path in code_files() if pattern.search(path.read_text(encoding="utf-8"))]
    assert not guilty


def test_nothing_names_one_machine() -> None:
    """Documents, settings and code name no path and no package index of the machine they were written on."""
    pattern = re.compile("|".join(OF_ONE_MACHINE))
    settings = [ROOT / name for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run")]
    guilty = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in [*documents(), *settings, *code_files()]
        if (found := pattern.search(path.read_text(encoding="utf-8")))
    ]
    assert not guilty


def test_version_is_one() -> None:
    """pyproject.toml, `doscope --version` and the changelog's newest entry agree."""
    declared = re.search(r'^version = "(.+)"', read("pyproject.toml"), re.M)
    newest = re.search(r"^## (\d\S*)", read("CHANGELOG.md"), re.M)
    assert declared
    assert newest
    assert declared.group(1) == VERSION == newest.group(1)


def test_documented_make_targets_exist() -> None:
    """Every `make WORD` of the documents is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    for page in documents():
        for line in re.findall(
            r"`make ([a-z]+)[^`]*`|^\s*make ([a-z]+)", page.read_text(encoding="utf-8"), re.M
        ):
            word = line[0] or line[1]
            assert word in targets, f"{page.name}: make {word}"


def test_documents_link_to_files_that_exist() -> None:
    """A relative link or picture in a document leads somewhere."""
    broken = []
    for page in documents():
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken


def test_dependencies_are_pinned() -> None:
    """Each declared dependency has an exact version in constraints.txt."""
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower()
        for name in re.findall(r"^([\w.-]+)==", read("constraints.txt"), re.M)
    }
    project = read("pyproject.toml").split("[project.scripts]")[0].split("\ndependencies = [")[1]
    names = re.findall(r'"([A-Za-z][\w-]*?)(?:[><=].*?)?"', project)
    assert {"torch", "mypy"} <= set(names)
    missing = {name for name in names if re.sub(r"[-_.]+", "-", name).lower() not in pinned}
    assert not missing


def test_continuous_integration_runs_the_tests() -> None:
    """`.ci/run` is `make test` and nothing else that could drift."""
    script = read(".ci/run")
    assert "set -euo pipefail" in script
    assert "make test" in script


@pytest.mark.parametrize(
    ("version", "has_venv", "expected"),
    [
        ((3, 9), True, "needs Python 3.10 or newer"),
        ((3, 12), False, "python3.12-venv"),
        ((3, 10), True, None),
    ],
)
def test_python_is_checked_first(version: tuple[int, int], has_venv: bool, expected: str | None) -> None:
    """An old Python or one without venv is told so in a sentence, before anything is made."""
    code = f"import check_python; print(check_python.complaint({version}, {has_venv}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True)
    assert (expected or "None") in done.stdout
