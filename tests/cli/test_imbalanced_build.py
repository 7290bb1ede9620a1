"""`doscope build` with drawn images: arguments, the counts it reports, names of files, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets.errors import CacheError
from datasets.factors import IntArray
from datasets.imbalance import expect
from datasets.recipe import Correlation, Hole, Skew
from datasets.shapes import ShapesSource
from datasets.source import ImageArray
from tests.cli.conftest import Call

FEW = ("--validation-pairs", 12, "--test-pairs", 24)
SKEWED = ("--skew", "object_hue=100", "--correlate", "floor_hue,wall_hue=0.2", "--images", 3000)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for everything that Doscope keeps."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "datasets"


@pytest.fixture(autouse=True)
def quick_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`shapes` with pictures of six pixels that spell out the factor values: thousands in no time."""

    def render(_: ShapesSource, values: IntArray) -> ImageArray:
        return np.asarray(values, np.uint8).reshape(-1, 2, 3, 1)

    monkeypatch.setattr(ShapesSource, "image_shape", (2, 3, 1))
    monkeypatch.setattr(ShapesSource, "render", render)


def test_an_imbalanced_set_is_described(call: Call, home: Path) -> None:
    """The file's name tells the weights, and realised counts stand beside the expected ones."""
    said = call("build", "shapes", *SKEWED, *FEW, "--json")
    assert said.code == 0
    name = "shapes-skew-object_hue-100-correlate-floor_hue-wall_hue-0.2-images-3000"
    assert said.json["path"] == str(home / f"{name}.h5")
    assert said.json["recipe"]["skew"] == [{"factor": "object_hue", "ratio": 100.0, "rare": "high"}]
    realised, expected = said.json["action_counts"]["train"], said.json["expected_counts"]
    assert list(realised) == list(expected) == list(datasets.info("shapes").space.action_names)
    for action, count in realised.items():
        assert abs(count - expected[action]) < 3 * said.json["expected_spread"][action]
    assert set(said.json["action_counts"]["test"].values()) == {2}
    steps = said.json["step_counts"]["object_hue"]
    assert len(steps) == 9
    assert steps[0] > steps[2] > steps[8]
    with datasets.open_cache(name) as cache:
        assert cache.recipe.skew == (Skew("object_hue", 100),)
        assert cache.recipe.correlate == (Correlation("floor_hue", "wall_hue", 0.2),)
        assert len(cache.rows("train")) == 3000
        others = cache.space.to_index(cache.factors[cache.splits > 0])
        mean = expect(cache.space, cache.recipe, others).mean
        assert list(expected.values()) == pytest.approx(mean.round(1).tolist())


def test_people_read_the_counts(call: Call) -> None:
    """Without --json a line for each action and each factor; for a set of drawn pairs none of it."""
    said = call("build", "shapes", *SKEWED, *FEW)
    lines = said.out.splitlines()
    assert "3,072 images" in lines[0]
    assert len(lines) == 2 + 12 + 1 + 6
    assert lines[2].startswith("floor_hue+ ")
    assert " ± " in lines[2]
    plain = call("build", "shapes", "--train-pairs", 90, *FEW)
    assert len(plain.out.splitlines()) == 1


def test_a_uniform_set_of_the_same_size(call: Call, home: Path) -> None:
    """--images alone draws uniformly, --train-pairs keeps so many of the pairs."""
    said = call("build", "shapes", "--images", 3000, "--train-pairs", 60, *FEW, "--json")
    assert said.json["path"] == str(home / "shapes-images-3000-pairs-60.h5")
    assert said.json["pairs"]["train"] == 60
    assert said.json["expected_counts"]["view+"] == pytest.approx(60 / 6 / 2, abs=1)
    plain = call("build", "shapes", "--train-pairs", 90, *FEW, "--json")
    assert plain.json["expected_counts"] is None
    assert plain.json["expected_spread"] is None
    assert "images" not in plain.json["recipe"]


def test_holes_and_ends(call: Call, tmp_path: Path) -> None:
    """Values of holes go by name or number, one or several; `:low` makes the low end rare."""
    out = tmp_path / "h.h5"
    holes = ("--hole", "shape=capsule,object_hue=5,magenta", "--hole", "view=+0 deg,scale=0")
    said = call("build", "shapes", *holes, "--skew", "view=20:low", "--images", 3000, *FEW, "--out", out)
    assert said.code == 0
    with datasets.open_cache(out) as cache:
        assert cache.recipe.holes == (
            Hole((("object_hue", (5, 9)), ("shape", (3,)))),
            Hole((("scale", (0,)), ("view", (7,)))),
        )
        train = cache.factors[cache.rows("train")]
        assert not ((train[:, 4] == 3) & np.isin(train[:, 2], (5, 9))).any()
        assert (train[:, 4] == 3).any()
        by_view = np.bincount(train[:, 5], minlength=15)
        assert by_view[0] < by_view[14] / 5


def test_a_skew_has_a_usual_size(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --images a skew draws the usual number."""
    monkeypatch.setattr(datasets, "DEFAULT_IMAGES", 2500)
    said = call("build", "shapes", "--skew", "view=2", *FEW, "--json")
    assert said.json["recipe"]["images"] == 2500


def test_another_recipe_under_the_same_name_is_said(call: Call, tmp_path: Path) -> None:
    """A file that is there is kept, and the command says when it holds something else than was asked for."""
    out = tmp_path / "s.h5"
    assert call("build", "shapes", *SKEWED, *FEW, "--out", out).code == 0
    same = call("build", "shapes", *SKEWED, *FEW, "--out", out)
    assert "is there already; --force" in same.err
    other = call("build", "shapes", "--images", 3000, *FEW, "--out", out, "--json")
    assert "is there already, by another recipe; --force" in other.err
    assert other.json["built"] is False
    assert other.json["recipe"]["skew"]


def test_a_damaged_set_says_its_command(home: Path) -> None:
    """The remedy names the data set, not the file, and where the options stand."""
    home.mkdir(parents=True)
    (home / "shapes-images-3000.h5").write_bytes(b"cut")
    words = "rebuild it with `doscope build shapes --force` and the options that its name tells$"
    with pytest.raises(CacheError, match=words):
        datasets.open_cache("shapes-images-3000")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--skew", "hue=2"), "unknown factor 'hue'; choose one of floor_hue"),
        (("--skew", "view=0.5"), "ratio 0.5; give"),
        (("--skew", "view"), "'view' has no number after the =; write it like object_hue=100"),
        (("--skew", "=2"), "'=2' names no factor"),
        (("--skew", "view=2:left"), "no end 'left'"),
        (("--skew", "view=2", "--skew", "view=3"), "view is given 2 times as a skew"),
        (("--correlate", "view=0.2"), "'view=0.2' does not name two factors"),
        (("--correlate", "view,scale=0"), "sigma 0; give a number greater than 0"),
        (("--correlate", "view,scale=x"), "no number after the ="),
        (("--hole", "shape"), "'shape' is not factor=value"),
        (("--hole", "shape=1,shape=2"), "is not factor=value"),
        (("--hole", "shape=1,,view=2"), "is not factor=value"),
        (("--hole", "shape=cow"), "shape has no value 'cow'; give 0 to 3 or one of cube, cylinder"),
        (("--images", "0"), "at least 1"),
        (("--images", "480001"), "has 480,000 images to draw from, 480,001 were asked for"),
        (("--images", "479990"), "room for only 4"),
        (("--images", "50"), "so the actions floor_hue+ and floor_hue- could not be learned"),
        (
            ("--hole", "view=" + ",".join(map(str, range(14))), "--images", "900"),
            "or a smaller --hole of view",
        ),
    ],
)
def test_a_draw_is_refused_in_one_sentence(
    call: Call, home: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Exit code 2, one line that names the argument and the remedy, and no file."""
    said = call("build", "shapes", *FEW, *arguments)
    assert said.code == 2
    assert words in said.err
    assert sum(line.startswith("doscope: ") for line in said.err.splitlines()) == 1
    assert said.err.splitlines()[-1].startswith("doscope: ")
    assert "Traceback" not in said.err
    assert not home.exists() or not list(home.iterdir())
