"""`doscope build`, and how the other commands find a data set."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

import cli.data
from cli.output import ProgressLine
from tests.cli.conftest import Call

FEW = ("--train-pairs", 30, "--validation-pairs", 10, "--test-pairs", 10)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for everything that Doscope keeps."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default recipe of `shapes`, shrunk, for commands that build it on their own."""
    import datasets

    full = datasets.build_steps

    def small(name: str, **options: object):
        return full(name, **{"train_pairs": 30, "validation_pairs": 10, "test_pairs": 10, **options})

    monkeypatch.setattr(datasets, "build_steps", small)


def test_build_into_the_home(call: Call, home: Path) -> None:
    """A bare name is built where DOSCOPE_HOME says, and what was built is described in one JSON object."""
    said = call("build", "shapes", *FEW, "--seed", 3, "--json")
    assert said.code == 0
    assert said.json["path"] == str(home / "datasets" / "shapes.h5")
    assert said.json["built"] is True
    assert said.json["pairs"]["test"] == 10
    assert said.json["factors"]["view"] == 15
    assert [path.name for path in (home / "datasets").iterdir()] == ["shapes.h5"]


def test_build_again_needs_force(call: Call, tmp_path: Path) -> None:
    """A cache that is there is left alone; --force makes it anew from another seed."""
    out = tmp_path / "s.h5"
    assert call("build", "shapes", *FEW, "--out", out).code == 0
    first = out.read_bytes()
    again = call("build", "shapes", *FEW, "--out", out, "--seed", 9, "--json")
    assert again.code == 0
    assert again.json["built"] is False
    assert "--force" in again.err
    assert out.read_bytes() == first
    forced = call("build", "shapes", *FEW, "--out", out, "--seed", 9, "--force", "--json")
    assert forced.json["built"] is True
    assert out.read_bytes() != first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mnist",), ("mnist", "shapes, pendulum")),
        (("sprites",), ("sprites", "--source")),
        (("shapes", "--train-pairs", "0"), ("at least 1",)),
        (("shapes", "--seed", "-1"), ("negative",)),
    ],
)
def test_build_refuses_in_one_sentence(
    call: Call, home: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """An unknown set, an imported one without its files, an impossible number: exit code 2, nothing made."""
    said = call("build", *arguments)
    assert said.code == 2
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err
    assert not home.exists()


def test_folder_without_sheets(call: Call, home: Path, tmp_path: Path) -> None:
    """A source folder that holds no sheets, or is not there, is named."""
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        said = call("build", "sprites", "--source", folder)
        assert said.code == 2
        assert str(folder) in said.err


def test_truncated_cache(call: Call, tiny_cache: Path, tiny_run: Path, tmp_path: Path) -> None:
    """A cache that was cut off is named with the remedy, by every command that reads it."""
    cut = tmp_path / "cut.h5"
    cut.write_bytes(tiny_cache.read_bytes()[: tiny_cache.stat().st_size // 2])
    for arguments in (
        ("train", "--dataset", cut, "--run", tmp_path / "run"),
        ("evaluate", "--run", tiny_run, "--dataset", cut),
        ("build", "shapes", "--out", cut),
    ):
        said = call(*arguments)
        assert said.code == 2
        assert str(cut) in said.err
        assert "build" in said.err
    assert not (tmp_path / "run").exists()


def test_ctrl_c_while_building(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the build with 130 and leaves no file, neither the cache nor its scratch files."""
    monkeypatch.setattr(ProgressLine, "show", lambda *_: signal.raise_signal(signal.SIGINT))
    out = tmp_path / "caches" / "s.h5"
    said = call("build", "shapes", "--out", out, "--json")
    assert said.code == 130
    assert said.json["exit_code"] == 130
    assert not list(out.parent.iterdir())


def test_bare_name_is_built_when_missing(call: Call, home: Path, few_pairs: None) -> None:
    """The first command that needs `shapes` builds it, and says so; the second finds it."""
    with cli.data.open_or_build("shapes") as cache:
        assert cache.path == home / "datasets" / "shapes.h5"
    stamp = cache.path.stat().st_mtime_ns
    with cli.data.open_or_build("shapes") as cache:
        assert cache.path.stat().st_mtime_ns == stamp


def test_imported_set_is_not_built_unasked(home: Path) -> None:
    """`sprites` cannot be built without its sheets; the message gives the command."""
    from datasets.errors import CacheError

    with pytest.raises(CacheError, match="build sprites"):
        cli.data.open_or_build("sprites")


def test_run_remembers_its_cache(tiny_run: Path, tiny_cache: Path) -> None:
    """A run's own cache is preferred: another one's test pairs may hold its training images."""
    with cli.data.cache_of_run(tiny_run) as cache:
        assert cache.path == tiny_cache


def test_run_whose_cache_moved(tiny_run_copy: Path, home: Path, few_pairs: None) -> None:
    """Without the file, the data set of the same name serves."""
    config = tiny_run_copy / "config.json"
    config.write_text(config.read_text().replace("shapes.h5", "moved.h5"))
    with cli.data.cache_of_run(tiny_run_copy) as cache:
        assert cache.path == home / "datasets" / "shapes.h5"


def test_info_counts_images_and_pairs(call: Call, tiny_cache: Path) -> None:
    """Images by split, factor and value, as they are in the cache; the table has a line for each value."""
    from datasets.cache import Cache

    said = call("info", tiny_cache, "--json")
    assert said.code == 0
    with Cache.open(tiny_cache) as cache:
        for split in ("train", "test"):
            values = cache.factors[cache.rows(split)]
            for f, factor in enumerate(cache.space.factors):
                counted = said.json["value_counts"][split][factor.name]
                assert list(counted) == list(factor.values)
                assert list(counted.values()) == [int((values[:, f] == v).sum()) for v in range(factor.size)]
    text = call("info", tiny_cache).out
    cubes = [said.json["value_counts"][split]["shape"]["cube"] for split in ("train", "validation", "test")]
    assert "\nobject_hue\n" in text
    assert any(line.split()[:4] == ["cube", *map(str, cubes)] for line in text.splitlines())
    assert call("info", "nothing").code == 2


def test_info_without_factor_values(call: Call, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that only knows its actions says so."""
    from datasets.cache import Cache

    opened = Cache.open

    def without(path: Path) -> Cache:
        cache = opened(path)
        cache.has_factor_labels = False
        return cache

    monkeypatch.setattr(Cache, "open", without)
    assert "are not known" in call("info", tiny_cache).out
