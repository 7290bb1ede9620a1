"""The built-in data set whose factors cause one another: a pendulum, a light, and the shadow on the ground.

Two causes, the angle of the pendulum and the place of the light, and two effects, length and position of the
shadow (the factors of the Pendulum set of Yang et al. 2021, CausalVAE, drawn by our own code). The pendulum
and the light stand in one upright plane. A point at x and height h above the ground throws its shadow to

    s(x, h) = light_x + (x - light_x) * LIGHT_HEIGHT / (LIGHT_HEIGHT - h),

and the shadow reaches from that of the pivot to that of the bob: its length is their distance, its position
their middle, in steps of LENGTH_STEP and POSITION_STEP pixels.

An action on a cause moves it by one step, and the shadow by what the equation says. An action on an effect
moves that alone: the shadow then stands off from where the light would throw it, by at most DEVIATION steps,
and keeps standing off by as much when a cause moves (datasets.steps). Any combination of values can be drawn;
the set holds those whose shadow stands off no farther.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from datasets.factors import Factor, FactorSpace, IntArray
from datasets.source import ImageArray
from datasets.steps import BoolArray, in_range

SIDE = 64
ANGLES_DEG = np.linspace(-42, 42, 15)  # from straight down, positive to the right
LIGHTS = np.linspace(11, 53, 15)  # x of the light, pixels from the left edge
LENGTH_STEP, POSITION_STEP = 2.0, 1.5  # pixels between two values of an effect
DEVIATION = 4  # steps
SHORTEST = 2.0  # pixels, of the shadow as drawn; what is shorter could not be seen
PIVOT_X, PIVOT_HEIGHT, ROD = 32.0, 25.0, 16.0
LIGHT_HEIGHT = 51.0
LENGTHS, POSITIONS = 19, 37  # values; the middle position is straight below the pivot

GRAPH = (
    ("angle", "shadow_length"),
    ("angle", "shadow_position"),
    ("light", "shadow_length"),
    ("light", "shadow_position"),
)

_GROUND_Y = 58.0  # row of the line on which shadows lie
_HORIZON = 53  # first row of the ground
_BOB, _ROD_HALF, _LIGHT, _SHADOW_HALF = 4.2, 1.0, 4.0, 1.9  # radii and half widths, pixels
_SKY_TOP, _SKY_BOTTOM = np.array([150, 190, 226]), np.array([222, 234, 240])
_GROUND, _SHADOW = np.array([196, 178, 142]), np.array([62, 54, 48])
_RED, _GREY, _YELLOW = np.array([196, 52, 44]), np.array([84, 84, 92]), np.array([255, 214, 64])

FloatArray = npt.NDArray[np.float32]


def pendulum_space() -> FactorSpace:
    """The four factors, causes first."""
    middle = POSITIONS // 2
    return FactorSpace(
        (
            Factor("angle", tuple(f"{a:+.0f} deg" for a in ANGLES_DEG)),
            Factor("light", tuple(f"{x - PIVOT_X:+.0f} px" for x in LIGHTS)),
            Factor("shadow_length", tuple(f"{LENGTH_STEP * k:.0f} px" for k in range(LENGTHS))),
            Factor(
                "shadow_position", tuple(f"{POSITION_STEP * (k - middle):+.1f} px" for k in range(POSITIONS))
            ),
        )
    )


def shadow(angle_deg: npt.ArrayLike, light_x: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], ...]:
    """Length and position of the shadow, pixels; the position from the pivot's foot, positive to the right.

    Args:
        angle_deg: of the pendulum from straight down, degrees.
        light_x: pixels from the left edge.
    """
    angle, light = np.deg2rad(angle_deg), np.asarray(light_x, dtype=np.float64)
    ends = []
    for along in (0.0, ROD):
        x, height = PIVOT_X + along * np.sin(angle), PIVOT_HEIGHT - along * np.cos(angle)
        ends.append(light + (x - light) * LIGHT_HEIGHT / (LIGHT_HEIGHT - height))
    return np.abs(ends[1] - ends[0]), (ends[0] + ends[1]) / 2 - PIVOT_X


class PendulumSource:
    """Draws the pendulum. Safe to share between threads. See `datasets.source.Source` and `Steps`."""

    name = "pendulum"
    image_shape = (SIDE, SIDE, 3)
    licence = "Drawn by this program; free to use under the program's own licence."
    citation = (
        "Rendered by Doscope, after the factors of Pendulum (Yang et al., CausalVAE: Disentangled "
        "Representation Learning via Neural Structural Causal Models, CVPR 2021)."
    )
    factor_graph = GRAPH

    def __init__(self) -> None:
        self.space = pendulum_space()
        length, position = shadow(ANGLES_DEG[:, None], LIGHTS[None])
        steps = np.stack([length / LENGTH_STEP, position / POSITION_STEP + POSITIONS // 2], axis=-1)
        self._caused = np.floor(steps + 0.5).astype(np.int64)  # [angles, lights, 2]
        self._lights = np.stack([_disc(x, _GROUND_Y - LIGHT_HEIGHT, _LIGHT) for x in LIGHTS])
        self._rods = np.stack([_capsule(*_bob(a)) for a in ANGLES_DEG])
        self._bobs = np.stack([_disc(*_bob(a), _BOB) for a in ANGLES_DEG])
        self._empty = _background()

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Nothing to read."""
        return iter(())

    def own_values(self, values: IntArray) -> IntArray:
        """Factor values int64 [n, 4] -> angle, light, and how far length and position stand off, [n, 4].

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        own = np.array(values, dtype=np.int64)
        self.space.to_index(own)  # checks the ranges
        own[:, 2:] -= self._caused[own[:, 0], own[:, 1]]
        return own

    def settle(self, own: IntArray) -> tuple[IntArray, BoolArray]:
        """Own values [n, 4] -> factor values [n, 4], and whether the set has such images, [n].

        Where it has not, the factor values mean nothing.
        """
        values = np.array(own, dtype=np.int64)
        causes = np.clip(values[:, :2], 0, np.array(self.space.sizes[:2]) - 1)
        values[:, 2:] += self._caused[causes[:, 0], causes[:, 1]]
        near = (np.abs(own[:, 2:]) <= DEVIATION).all(axis=1)
        return values, near & in_range(self.space, values)

    def render(self, values: IntArray) -> ImageArray:
        """Factor values int64 [n, 4] -> images uint8 [n, 64, 64, 3].

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        values = np.asarray(values, dtype=np.int64)
        self.space.to_index(values)  # checks the ranges
        images = np.empty((len(values), SIDE, SIDE, 3), np.uint8)
        for i, (angle, light, length, position) in enumerate(values.tolist()):
            image = self._empty.copy()
            middle = PIVOT_X + POSITION_STEP * (position - POSITIONS // 2)
            _blend(image, _lying(middle, SHORTEST + LENGTH_STEP * length), _SHADOW)
            _blend(image, self._lights[light], _YELLOW)
            _blend(image, self._rods[angle], _GREY)
            _blend(image, self._bobs[angle], _RED)
            images[i] = image + np.float32(0.5)  # mixtures of colours in 0..255
        return images


def _bob(angle_deg: float) -> tuple[float, float]:
    """Column and row of the bob's centre."""
    angle = np.deg2rad(angle_deg)
    return PIVOT_X + ROD * np.sin(angle), _GROUND_Y - PIVOT_HEIGHT + ROD * np.cos(angle)


def _grid() -> tuple[FloatArray, FloatArray]:
    """Columns [1, SIDE] and rows [SIDE, 1] of the pixels' centres."""
    centres = (np.arange(SIDE) + 0.5).astype(np.float32)
    return centres[None], centres[:, None]


def _cover(distance: npt.NDArray[np.floating]) -> FloatArray:
    """How much of each pixel a shape covers, from the distance of its centre to the edge, inside negative."""
    return np.clip(0.5 - distance, 0, 1).astype(np.float32)


def _disc(x: float, y: float, radius: float) -> FloatArray:
    """Coverage [SIDE, SIDE]."""
    columns, rows = _grid()
    return _cover(np.hypot(columns - x, rows - y) - np.float32(radius))


def _capsule(x: float, y: float) -> FloatArray:
    """Coverage of the rod from the pivot to a point, [SIDE, SIDE]."""
    columns, rows = _grid()
    top = _GROUND_Y - PIVOT_HEIGHT
    across, down = x - PIVOT_X, y - top
    along = ((columns - PIVOT_X) * across + (rows - top) * down) / (across**2 + down**2)
    along = np.clip(along, 0, 1)
    return _cover(np.hypot(columns - PIVOT_X - along * across, rows - top - along * down) - _ROD_HALF)


def _lying(middle: float, length: float) -> FloatArray:
    """Coverage of a shadow on the ground with blunt ends, [SIDE, SIDE]."""
    columns, rows = _grid()
    return _cover(np.abs(columns - middle) - length / 2) * _cover(np.abs(rows - _GROUND_Y) - _SHADOW_HALF)


def _background() -> FloatArray:
    """Sky and ground, float32 [SIDE, SIDE, 3] in 0..255."""
    down = np.linspace(0, 1, _HORIZON)[:, None, None]
    empty = np.empty((SIDE, SIDE, 3), np.float32)
    empty[:_HORIZON] = (1 - down) * _SKY_TOP + down * _SKY_BOTTOM
    empty[_HORIZON:] = _GROUND
    return empty


def _blend(image: FloatArray, cover: FloatArray, colour: npt.NDArray[np.int64]) -> None:
    """Lay a colour over the part of the image that is covered."""
    rows = np.flatnonzero(cover.any(axis=1))
    columns = np.flatnonzero(cover.any(axis=0))
    if not len(rows):
        return
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    image[part] += cover[part][..., None] * (colour.astype(np.float32) - image[part])
