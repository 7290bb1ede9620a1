"""Wide pictures of columns are cut into bands that fill their place."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSize, QSizeF

from gui.pictures import bands

SIZES = st.floats(20, 2000)


@given(st.integers(1, 12), st.integers(1, 4), SIZES, SIZES)
def test_every_column_is_shown_once_inside(columns: int, rows: int, width: float, height: float) -> None:
    """In order, in one scale, without overlaps; never smaller than the picture as one."""
    picture, area = QSize(64 * columns, 64 * rows), QSizeF(width, height)
    made = bands(picture, columns, area)
    assert [part.left() for part, _ in made] == [n * made[0][0].width() for n in range(len(made))]
    assert sum(part.width() for part, _ in made) == picture.width()
    assert all(part.width() % 64 == 0 and part.height() == picture.height() for part, _ in made)
    inside = QRectF(-0.01, -0.01, width + 0.02, height + 0.02)
    assert all(inside.contains(place) for _, place in made)
    assert all(a[1].bottom() <= b[1].top() + 0.01 for a, b in pairwise(made))
    scales = {round(place.width() / part.width(), 6) for part, place in made}
    whole = min(width / picture.width(), height / picture.height())
    assert len(scales) == 1
    assert scales.pop() >= whole - 1e-6


def test_a_wide_picture_in_a_square_place() -> None:
    """Ten images in three rows: two bands of five, nearly twice as large."""
    made = bands(QSize(640, 192), 10, QSizeF(350, 400))
    assert [place.width() for _, place in made] == pytest.approx([320 * 400 / 408] * 2)
    assert len(bands(QSize(640, 192), 1, QSizeF(350, 400))) == 1
