"""How codes are used in images: cases counted by hand, and what holds for any codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.factors import Factor, FactorSpace
from engine.code_use import code_use, crop, find_examples, shared_information, shares_of_images
from engine.errors import InputError

SPACE = FactorSpace(
    (Factor("shape", ("cube", "ball"), "nominal"), Factor("size", ("S", "M", "L"), "ordinal"))
)
# four images, one codebook of 5 codes on a grid of 1 x 3
CODES = np.array([[3, 0, 0], [3, 0, 1], [0, 0, 3], [1, 2, 1]])
LABELS = np.array([[0, 0], [0, 1], [1, 2], [1, 0]])


def test_counted_by_hand() -> None:
    """Code 3: in three of four images, twice in the first cell, once in the last; code 0 as often."""
    use = code_use(CODES, (1, 1, 3), 5, 0, 3, SPACE, LABELS)
    assert (use.num_images, use.share, use.rank, use.num_used, use.with_code) == (4, 0.75, 1, 4, 2)
    assert use.heat.tolist() == [[0.5, 0.0, 0.25]]
    assert use.order.tolist() == [0, 3, 1, 2, 4]
    assert use.examples.tolist() == [[0, 0], [1, 0], [2, 2]]
    rare = code_use(CODES, (1, 1, 3), 5, 0, 4)
    assert (rare.share, rare.rank, rare.with_code, rare.examples.shape) == (0, 5, 0, (0, 2))
    assert rare.factors == ()
    assert code_use(CODES, (1, 1, 3), 5, 0, 1).rank == 3


def test_factors_by_hand() -> None:
    """All cubes and no ball have code 3 in the first cell: shape says all about it, size only half."""
    shape, size = code_use(CODES, (1, 1, 3), 5, 0, 3, SPACE, LABELS).factors
    assert (shape.name, shape.values) == ("shape", ("cube", "ball"))
    assert (shape.among.tolist(), shape.overall.tolist()) == ([1, 0], [0.5, 0.5])
    assert shape.information == pytest.approx(1)
    assert shape.chance == pytest.approx(1 / (8 * np.log(2)))
    assert size.name == "size"
    assert size.among.tolist() == [0.5, 0.5, 0]
    # S leaves one bit of doubt in two of four images, M and L leave none
    assert size.information == pytest.approx(0.5)
    assert size.chance == pytest.approx(2 / (8 * np.log(2)))
    turned = FactorSpace(SPACE.factors[::-1])
    assert code_use(CODES, (1, 1, 3), 5, 0, 3, turned, LABELS[:, ::-1]).factors[0].name == "shape"
    never = code_use(CODES, (1, 1, 3), 5, 0, 4, SPACE, LABELS).factors[0]
    assert never.information is None
    assert never.among.tolist() == [0, 0]


def test_each_codebook_is_counted_apart() -> None:
    """The same code number in the other codebook is another code."""
    codes = np.array([[1, 1, 0, 0], [1, 0, 0, 0]])  # 2 codebooks on 1 x 2
    assert code_use(codes, (2, 1, 2), 2, 0, 1).heat.tolist() == [[1.0, 0.5]]
    second = code_use(codes, (2, 1, 2), 2, 3, 1)
    assert (second.share, second.num_used, second.heat.tolist()) == (0, 1, [[0, 0]])


def test_examples_show_many_images_and_places() -> None:
    """One an image; where the code is everywhere the places take turns."""
    everywhere = np.full((6, 3), 2)
    everywhere[:, 0] = 0
    assert find_examples(everywhere, 2, 0, 4).tolist() == [[0, 1], [1, 2], [2, 1], [3, 2]]
    assert find_examples(everywhere, 2, 1, 4).tolist() == [[0, 1], [1, 1], [2, 1], [3, 1]]


@pytest.mark.parametrize(
    ("cell", "corner", "box"),
    [(0, (0, 0), (0, 0, 2, 2)), (5, (0, 0), (2, 2, 2, 2)), (15, (2, 2), (4, 4, 2, 2))],
)
def test_crops_have_one_size_and_say_where_the_cell_is(
    cell: int, corner: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    """A 2 x 2 cell with one cell around it in an 8 x 8 image; at the border the window moves inwards."""
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    part, found = crop(image, (4, 4), cell)
    assert np.array_equal(part, image[corner[0] : corner[0] + 6, corner[1] : corner[1] + 6])
    assert found == box
    left, top, wide, tall = found
    row, column = divmod(cell, 4)
    inside = part[top : top + tall, left : left + wide]
    assert np.array_equal(inside, image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2])
    whole, _ = crop(image, (4, 4), cell, around=9)
    assert np.array_equal(whole, image)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**31))
def test_what_holds_for_any_codes(images: int, books: int, cells: int, num_codes: int, seed: int) -> None:
    """Heat adds up over the codes, shares are bounded by it, examples are true, information is symmetric."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(num_codes, size=(images, books * cells))
    labels = np.stack([draw.integers(2, size=images), draw.integers(3, size=images)], axis=1)
    variable = int(draw.integers(books * cells))
    uses = [
        code_use(codes, (books, 1, cells), num_codes, variable, k, SPACE, labels) for k in range(num_codes)
    ]
    np.testing.assert_allclose(sum(use.heat for use in uses), 1, rtol=1e-5)
    assert sum(use.with_code for use in uses) == images
    book = codes.reshape(images, books, cells)[:, variable // cells]
    np.testing.assert_allclose([use.share for use in uses], shares_of_images(book, num_codes))
    for use in uses:
        assert use.heat.max() - 1e-6 <= use.share <= use.heat.sum() + 1e-6
        assert (book[use.examples[:, 0], use.examples[:, 1]] == use.code).all()
        assert (
            len(set(use.examples[:, 0].tolist()))
            == len(use.examples)
            == min(12, (book == use.code).any(1).sum())
        )
        assert use.rank == 1 + sum(other.share > use.share for other in uses)
        beyond = [(factor.information or 0) - factor.chance for factor in use.factors]
        assert beyond == sorted(beyond, reverse=True)
        for factor in use.factors:
            assert factor.overall.sum() == pytest.approx(1, abs=1e-6)
            assert factor.information is None or 0 <= factor.information <= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=30), st.permutations(range(4))
)
def test_information_is_that_of_its_definition(marks: list[tuple[bool, int]], names: list[int]) -> None:
    """Summed pair by pair as the definition says; what the values are called does not matter."""
    has, values = np.array([m for m, _ in marks]), np.array([v for _, v in marks])
    found, _ = shared_information(has, values)
    assert (found is None) == (has.all() or not has.any())
    if found is None:
        return
    pairs = [(has == m) & (values == v) for m in (False, True) for v in range(4)]
    sides = [((has == m).mean(), (values == v).mean()) for m in (False, True) for v in range(4)]
    information = sum(
        p.mean() * np.log(p.mean() / (a * b)) for p, (a, b) in zip(pairs, sides, strict=True) if p.any()
    )
    share = has.mean()
    doubt = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert found == pytest.approx(information / doubt, abs=1e-9)
    assert shared_information(has, np.array(names)[values])[0] == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variable": 3}, "no variable 3"),
        ({"code": -1}, "no code -1"),
        ({"codes": CODES[:, :2]}, "3 variables"),
        ({"codes": CODES[:0]}, "3 variables"),
        ({"labels": LABELS[:2]}, "factor values"),
    ],
)
def test_questions_without_an_answer_are_refused(change: dict[str, object], words: str) -> None:
    """Unknown variable or code, codes of another grid or of no image, labels of other images."""
    asked = {"codes": CODES, "grid": (1, 1, 3), "num_codes": 5, "variable": 0, "code": 3} | {
        "space": SPACE,
        "labels": LABELS,
    }
    with pytest.raises(InputError, match=words):
        code_use(**asked | change)
