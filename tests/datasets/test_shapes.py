"""The built-in room: its pictures stay the same, and every factor shows at every value."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import DatasetInputError
from datasets.shapes import HUES, SCALES, ShapesSource, _hue_circle
from datasets.splits import digests

GOLDEN = Path(__file__).parent / "golden" / "shapes.png"
GOLDEN_VALUES = np.array(
    [
        [0, 6, 2, 0, 0, 0],
        [3, 1, 8, 7, 0, 14],
        [5, 9, 0, 4, 1, 3],
        [8, 2, 4, 7, 1, 9],
        [1, 4, 7, 3, 2, 12],
        [6, 6, 6, 7, 2, 6],
        [9, 3, 5, 0, 3, 7],
        [2, 8, 1, 7, 3, 1],
    ]
)


@pytest.fixture(scope="module")
def source() -> ShapesSource:
    return ShapesSource()


def changed_pixels(before: np.ndarray, after: np.ndarray, by: int = 24) -> np.ndarray:
    """Pixels a picture that change by more than `by` in some channel, [n]."""
    apart = np.abs(before.astype(int) - after.astype(int)).max(axis=-1)
    return (apart > by).sum(axis=(1, 2))


def test_space_is_that_of_the_issue(source: ShapesSource) -> None:
    """Six factors, 480,000 combinations, hues cyclic, shape nominal, scale and view ordinal."""
    assert source.space.names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "view")
    assert source.space.sizes == (10, 10, 10, 8, 4, 15)
    assert source.space.num_images == 480_000
    kinds = [factor.kind for factor in source.space.factors]
    assert kinds == ["cyclic"] * 3 + ["ordinal", "nominal", "ordinal"]


def test_pictures_are_the_golden_ones(source: ShapesSource) -> None:
    """Eight scenes look as they did when the bundled model was trained (golden/shapes.png).

    Rounding may differ between processors, so single steps of 1 in 255 are allowed, and single pixels
    at edges.
    """
    golden = np.asarray(Image.open(GOLDEN)).reshape(64, 8, 64, 3).transpose(1, 0, 2, 3)
    apart = np.abs(source.render(GOLDEN_VALUES).astype(int) - golden.astype(int))
    assert (apart > 1).mean() < 1e-3
    assert apart.mean() < 0.1


def test_an_image_does_not_depend_on_its_batch(source: ShapesSource) -> None:
    """Rendering one by one, in another order, or with another instance gives the same bytes."""
    together = source.render(GOLDEN_VALUES)
    alone = np.concatenate([ShapesSource().render(row[None]) for row in GOLDEN_VALUES])
    assert (together == alone).all()
    assert (source.render(GOLDEN_VALUES[::-1])[::-1] == together).all()
    assert source.render(np.empty((0, 6), np.int64)).shape == (0, 64, 64, 3)


@pytest.mark.parametrize(
    ("factor", "pixels"),
    [("floor_hue", 900), ("wall_hue", 900), ("object_hue", 60), ("scale", 70), ("shape", 70), ("view", 60)],
)
def test_each_step_of_each_factor_shows(source: ShapesSource, factor: str, pixels: int) -> None:
    """A step from any value to the next changes many pixels clearly, whatever the other factors are."""
    f = source.space.factor_index(factor)
    rng = np.random.default_rng(f)
    for value in range(source.space.sizes[f] - 1):
        before = rng.integers(0, source.space.sizes, (14, 6))
        # The hard cases are always among them: the smallest of each shape, all things of one hue.
        before[:4, 3], before[:4, 4] = 0, range(4)
        before[4:8, :3] = before[4:8, :1]
        before[:, f] = value
        after = before.copy()
        after[:, f] += 1
        counts = changed_pixels(source.render(before), source.render(after))
        assert counts.min() >= pixels, f"{factor} {value} -> {value + 1}: {counts.min()} pixels"


def test_the_object_shows_on_its_own_hue(source: ShapesSource) -> None:
    """Where floor, wall and object share a hue, the object still stands out: some clear edge surrounds it."""
    for hue in range(10):
        values = np.array([[hue, hue, hue, 3, shape, 7] for shape in range(4)])
        images = source.render(values).astype(int)
        edges = np.abs(np.diff(images, axis=2)).max(axis=-1)[:, 12:44, 14:50]
        assert ((edges > 20).sum(axis=(1, 2)) > 25).all(), HUES[hue]


def test_pictures_are_distinct(source: ShapesSource) -> None:
    """Different factor values never give the same picture (a random sample of scenes over few hues)."""
    rng = np.random.default_rng(0)
    values = np.unique(rng.integers(0, (3, 3, 3, 8, 4, 3), (4000, 6)), axis=0)
    assert len(set(digests(source.render(values)))) == len(values)


def test_weights_are_shares(source: ShapesSource) -> None:
    """The four weights of a pixel are not negative and sum to 1 at most, so no colour can overflow."""
    for scale, shape, view in ((0, 0, 0), (7, 1, 14), (4, 2, 7), (7, 3, 3)):
        weights = source.geometry(scale, shape, view)
        assert weights.shape == (4096, 4)
        assert weights.min() >= 0
        assert weights.sum(axis=1).max() <= 1 + 1e-5
        assert weights[:, :3].max(axis=0).min() > 0.5


def test_a_shadow_falls_on_the_floor(source: ShapesSource) -> None:
    """Beside the object the floor is darker than the same floor with a smaller object."""
    small, large = (source.geometry(scale, 1, 7).reshape(64, 64, 4)[..., 0] for scale in (0, 7))
    both = (small > 0.3) & (large > 0)
    assert (small[both] - large[both] > 0.2).sum() > 40


def test_the_object_is_large_and_grows(source: ShapesSource) -> None:
    """At the middle scale an object is about 40 to 60 % of the picture's height; each step adds rows."""
    for shape in range(4):
        heights = [
            int((source.geometry(s, shape, 7).reshape(64, 64, 4)[..., 2] > 0.2).any(axis=1).sum())
            for s in range(len(SCALES))
        ]
        assert all(b > a for a, b in itertools.pairwise(heights)), heights
        assert 22 <= heights[4] <= 40, heights


def test_hues_are_evenly_spaced_to_the_eye() -> None:
    """Neighbouring hues are about equally different: no two are easily taken for one another."""
    palette = _hue_circle(10)
    apart = np.linalg.norm(palette - np.roll(palette, 1, axis=0), axis=1)
    assert apart.min() > 0.2
    assert palette.min() >= 0
    assert palette.max() <= 1


def test_wrong_values_are_refused(source: ShapesSource) -> None:
    """A factor value out of range is named instead of giving some other picture."""
    with pytest.raises(DatasetInputError, match="'shape' takes values 0 to 3"):
        source.render(np.array([[0, 0, 0, 0, 4, 0]]))
    with pytest.raises(DatasetInputError, match="'view' takes values 0 to 14"):
        source.render(np.array([[0, 0, 0, 0, 0, -1]]))
