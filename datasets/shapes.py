"""The built-in data set: a solid in the corner of a room, ray cast by our own code at 64 x 64.

Six factors as in 3D Shapes (Burgess and Kim, 2018): three hues, scale, shape and view, 480,000 images.
Nothing but view, scale and shape moves an edge, so 8 * 4 * 15 = 480 geometry maps are enough: a pixel
is a linear mix of the floor, wall and object colours and a fixed light,

    pixel = w_floor * floor + w_wall * wall + w_object * object + w_white * white,

with weights that hold coverage (3 x 3 samples a pixel), shading and shadow. A map is cast when it is
first needed and kept; an image then costs one small matrix product.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from datasets.factors import Factor, FactorSpace, IntArray
from datasets.raycast import SOLIDS, FloatArray, dot, hit, unit
from datasets.source import ImageArray

SIDE = 64
SAMPLES = 3  # a pixel is SAMPLES x SAMPLES rays
SCALES = np.round(np.linspace(0.65, 1.35, 8), 2)
VIEWS_DEG = np.linspace(-35, 35, 15)
HUES = ("red", "orange", "amber", "lime", "green", "turquoise", "azure", "blue", "violet", "magenta")

# The room: z up, the object at the origin, two walls that meet in an upright edge behind it.
_WALL_DISTANCE = np.float32(2.5)
_WALL_NORMALS = [np.array([[x], [-np.sqrt(0.5)], [0]], np.float32) for x in (-np.sqrt(0.5), np.sqrt(0.5))]
_CAMERA_DISTANCE, _CAMERA_HEIGHT, _TARGET_HEIGHT = 7.0, 3.1, 0.86
_VIEW_WIDTH = 0.56  # of the image plane at distance 1
_LIGHT = np.array([[-2.6], [-3.4], [6.0]], np.float32)
_LIGHT_RADIUS = 0.55
_FLOOR, _WALL, _OBJECT, _WHITE = range(4)


def shapes_space() -> FactorSpace:
    """The six factors."""
    return FactorSpace(
        (
            Factor("floor_hue", HUES, "cyclic"),
            Factor("wall_hue", HUES, "cyclic"),
            Factor("object_hue", HUES, "cyclic"),
            Factor("scale", tuple(f"{s:.2f}" for s in SCALES), "ordinal"),
            Factor("shape", SOLIDS, "nominal"),
            Factor("view", tuple(f"{v:+.0f} deg" for v in VIEWS_DEG), "ordinal"),
        )
    )


def _hue_circle(count: int) -> FloatArray:
    """`count` saturated colours [count, 3] in 0..1, equally far apart to the eye.

    Equal steps of hue angle are unequal to the eye (the greens look alike), so the steps are equal
    lengths along the hue circle as seen in the OKLab space.
    """
    angles = np.linspace(0, 6, 721)
    rgb = np.stack([np.clip(np.abs((angles + k) % 6 - 3) - 1, 0, 1) for k in (0, 4, 2)], axis=1)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_lms = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    to_lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    lab = np.cbrt(linear @ to_lms.T) @ to_lab.T
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    return np.stack([np.interp(at, length, rgb[:, c]) for c in range(3)], axis=1).astype(np.float32)


def _palettes() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Floor, wall and object colours [10, 3] in 0..1.

    The floor is deep, the walls pale and the object full, so that the object shows on walls and floor
    of its own hue.
    """
    full = _hue_circle(len(HUES))
    return 0.78 * full + 0.02, 0.62 * full + 0.36, 0.94 * full + 0.03


def _rays(view_deg: float) -> tuple[FloatArray, FloatArray]:
    """Camera position [3, 1] and ray directions [3, R] of one view, R = (SIDE * SAMPLES)^2."""
    angle = np.deg2rad(view_deg)
    eye = np.array([_CAMERA_DISTANCE * np.sin(angle), -_CAMERA_DISTANCE * np.cos(angle), _CAMERA_HEIGHT])
    forward = np.array([0, 0, _TARGET_HEIGHT]) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, np.array([0, 0, 1]))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    count = SIDE * SAMPLES
    step = ((np.arange(count) + 0.5) / count - 0.5) * _VIEW_WIDTH
    directions = (
        forward[:, None, None]
        + step[None, None, :] * right[:, None, None]
        - step[None, :, None] * up[:, None, None]
    )
    return eye[:, None].astype(np.float32), directions.reshape(3, -1).astype(np.float32)


def _light_samples() -> FloatArray:
    """One point of the lamp for each ray [3, R].

    Each of a pixel's samples sees another point of the lamp, so a soft shadow costs no more rays.
    """
    offsets = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) * (2 * _LIGHT_RADIUS / SAMPLES)
    index = np.arange(SIDE * SAMPLES) % SAMPLES
    y, x = np.meshgrid(offsets[index], offsets[index], indexing="ij")
    return (_LIGHT + np.stack([x.ravel(), y.ravel(), np.zeros(x.size)])).astype(np.float32)


def _cast(scale: float, solid: str, view_deg: float, lamp: FloatArray) -> FloatArray:
    """The geometry map of one scene: the weights [SIDE * SIDE, 4] of floor, wall, object and white."""
    eye, direction = _rays(view_deg)
    weights = np.zeros((4, direction.shape[1]), np.float32)
    t, normal = hit(solid, scale, eye, direction)
    on = np.flatnonzero(np.isfinite(t))
    weights[_OBJECT, on], weights[_WHITE, on] = _shade_object(eye, direction[:, on], t[on], normal[:, on])
    off = np.flatnonzero(~np.isfinite(t))
    point, on_floor, light = _shade_room(eye, direction[:, off])
    # Lamp light counts only where no solid stands in its way.
    lit, ambient = light
    free = ~np.isfinite(hit(solid, scale, point, lamp[:, off] - point)[0])
    total = np.minimum(ambient * (0.50 + 0.55 * lit * free), 1)
    weights[_FLOOR, off] = total * on_floor
    weights[_WALL, off] = total * ~on_floor
    pixels = weights.reshape(4, SIDE, SAMPLES, SIDE, SAMPLES).mean(axis=(2, 4))
    return np.ascontiguousarray(pixels.reshape(4, SIDE * SIDE).T)


def _shade_object(
    eye: FloatArray, direction: FloatArray, t: FloatArray, normal: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Shares of the object's colour and of white (gloss) at points of the solid, [R] each."""
    to_lamp = unit(_LIGHT - (eye + t * direction))
    lit = np.maximum(dot(normal, to_lamp), 0)
    gloss = np.float32(0.35) * np.maximum(dot(normal, unit(to_lamp - unit(direction))), 0) ** 40
    # Light that the floor sends back lifts the underside a little.
    colour = np.minimum(0.40 + 0.08 * normal[2] + 0.60 * lit, 1) * (1 - gloss)
    return colour, gloss


def _shade_room(
    eye: FloatArray, direction: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_], tuple[FloatArray, FloatArray]]:
    """Where rays meet the room.

    Returns:
        The points [3, R], whether each lies on the floor [R], and its light: the share of the lamp's
        light by angle, and of the diffuse light, [R] each.
    """
    with np.errstate(divide="ignore"):
        t_floor = np.where(direction[2] < 0, -eye[2] / direction[2], np.float32(np.inf))
        towards = [dot(normal, direction) for normal in _WALL_NORMALS]  # negative: the ray comes near
        t_walls = [
            np.where(rate < 0, -(_WALL_DISTANCE + dot(normal, eye)) / rate, np.float32(np.inf))
            for rate, normal in zip(towards, _WALL_NORMALS, strict=True)
        ]
    t = np.minimum(np.minimum(t_walls[0], t_walls[1]), t_floor)
    point = eye + t * direction
    on_floor = t == t_floor
    to_lamp = unit(_LIGHT - point)
    lit_walls = [dot(normal, to_lamp) for normal in _WALL_NORMALS]
    lit = np.where(on_floor, to_lamp[2], np.where(t_walls[0] <= t_walls[1], *lit_walls))
    # Less diffuse light reaches the edges where floor and walls meet.
    gaps = [_WALL_DISTANCE + dot(normal, point) for normal in _WALL_NORMALS]
    edge = np.where(on_floor, np.minimum(*gaps), np.minimum(np.maximum(*gaps), point[2]))
    diffuse = 1 - np.float32(0.30) * np.exp(np.float32(-2.6) * np.maximum(edge, 0))
    return point, on_floor, (np.maximum(lit, 0), diffuse)


class ShapesSource:
    """The built-in room. Safe to share between threads. See `datasets.source.Source`."""

    name = "shapes"
    image_shape = (SIDE, SIDE, 3)
    licence = "Drawn by this program; free to use under the program's own licence."
    citation = (
        "Rendered by Doscope, after the factors of 3D Shapes (Burgess and Kim, 3D Shapes Dataset, 2018)."
    )

    def __init__(self) -> None:
        self.space = shapes_space()
        self._palettes = [255 * palette for palette in _palettes()]
        self._lamp = _light_samples()
        self._maps: dict[tuple[int, int, int], FloatArray] = {}
        self._lock = threading.Lock()

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Nothing to read: maps are cast when a scene first needs them."""
        return iter(())

    def geometry(self, scale: int, shape: int, view: int) -> FloatArray:
        """The weights [SIDE * SIDE, 4] of floor, wall, object and white for three factor values."""
        key = (scale, shape, view)
        found = self._maps.get(key)
        if found is None:
            found = _cast(float(SCALES[scale]), SOLIDS[shape], float(VIEWS_DEG[view]), self._lamp)
            with self._lock:
                self._maps[key] = found
        return found

    def render(self, values: IntArray) -> ImageArray:
        """Factor values int64 [n, 6] -> images uint8 [n, 64, 64, 3].

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        values = np.asarray(values, dtype=np.int64)
        self.space.to_index(values)  # checks the ranges
        n = len(values)
        colours = np.full((n, 4, 3), 255, np.float32)
        for material in (_FLOOR, _WALL, _OBJECT):
            colours[:, material] = self._palettes[material][values[:, material]]
        images = np.empty((n, SIDE * SIDE, 3), np.uint8)
        mixed = np.empty((SIDE * SIDE, 3), np.float32)
        for i, (scale, shape, view) in enumerate(values[:, 3:].tolist()):
            np.matmul(self.geometry(scale, shape, view), colours[i], out=mixed)
            # Weights add up to 1 at most, so the sum lies in 0..255 and rounding needs no clipping.
            np.add(mixed, np.float32(0.5), out=mixed)
            np.copyto(images[i], mixed, casting="unsafe")
        return images.reshape(n, SIDE, SIDE, 3)
