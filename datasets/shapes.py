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

import numpy as np

from datasets.factors import Factor, FactorSpace, IntArray
from datasets.raycast import SOLIDS, FloatArray, hit
from datasets.source import ImageArray

SIDE = 64
SAMPLES = 3  # a pixel is SAMPLES x SAMPLES rays
SCALES = np.round(np.linspace(0.65, 1.35, 8), 2)
VIEWS_DEG = np.linspace(-35, 35, 15)
HUES = ("red", "orange", "amber", "lime", "green", "turquoise", "azure", "blue", "violet", "magenta")

# The room: z up, the object at the origin, two walls that meet in an upright edge behind it.
_WALL_DISTANCE = 2.5
_CAMERA_DISTANCE, _CAMERA_HEIGHT, _TARGET_HEIGHT = 7.0, 3.1, 0.86
_VIEW_WIDTH = 0.56  # of the image plane at distance 1
_LIGHT = np.array([-2.6, -3.4, 6.0], np.float32)
_LIGHT_RADIUS = 0.55
_FLOOR, _WALL, _OBJECT, _WHITE = range(4)


def _space() -> FactorSpace:
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
    """Camera position [3] and ray directions [(SIDE * SAMPLES)^2, 3] of one view."""
    angle = np.deg2rad(view_deg)
    eye = np.array(
        [_CAMERA_DISTANCE * np.sin(angle), -_CAMERA_DISTANCE * np.cos(angle), _CAMERA_HEIGHT], np.float32
    )
    forward = np.array([0, 0, _TARGET_HEIGHT], np.float32) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, np.array([0, 0, 1], np.float32))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    count = SIDE * SAMPLES
    step = ((np.arange(count) + 0.5) / count - 0.5).astype(np.float32) * np.float32(_VIEW_WIDTH)
    directions = forward + step[None, :, None] * right - step[:, None, None] * up
    return eye, directions.reshape(-1, 3).astype(np.float32)


def _light_samples() -> FloatArray:
    """One point of the lamp for each ray [(SIDE * SAMPLES)^2, 3].

    Each of a pixel's samples sees another point of the lamp, so a soft shadow costs no more rays.
    """
    offsets = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) * (2 * _LIGHT_RADIUS / SAMPLES)
    index = np.arange(SIDE * SAMPLES) % SAMPLES
    y, x = np.meshgrid(offsets[index], offsets[index], indexing="ij")
    lamp = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    return (_LIGHT + lamp).astype(np.float32)


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)


class _Room:
    """Casts geometry maps. All arrays are [rays, ...] of one view."""

    def __init__(self) -> None:
        self._lamp = _light_samples()

    def cast(self, scale: float, solid: str, view_deg: float) -> FloatArray:
        """The weights [SIDE * SIDE, 4] of floor, wall, object and white."""
        eye, direction = _rays(view_deg)
        origin = np.broadcast_to(eye, direction.shape)
        weights = np.zeros((len(direction), 4), np.float32)
        t, normal = hit(solid, scale, origin, direction)
        on_object = np.isfinite(t)
        self._shade_object(weights, on_object, origin, direction, t, normal)
        self._shade_room(weights, ~on_object, eye, direction, solid, scale)
        grid = weights.reshape(SIDE, SAMPLES, SIDE, SAMPLES, 4)
        return np.ascontiguousarray(grid.mean(axis=(1, 3)).reshape(SIDE * SIDE, 4))

    def _shade_object(
        self,
        weights: FloatArray,
        on: np.ndarray,
        origin: FloatArray,
        direction: FloatArray,
        t: FloatArray,
        normal: FloatArray,
    ) -> None:
        point = origin[on] + t[on, None] * direction[on]
        n = normal[on]
        to_lamp = _unit(_LIGHT - point)
        lit = np.maximum(np.einsum("ri,ri->r", n, to_lamp), 0)
        half = _unit(to_lamp - _unit(direction[on]))
        gloss = np.maximum(np.einsum("ri,ri->r", n, half), 0) ** 40
        # Light that the floor sends back lifts the underside a little.
        ambient = 0.40 + 0.08 * n[:, 2]
        weights[on, _OBJECT] = np.minimum(ambient + 0.60 * lit, 1) * (1 - 0.35 * gloss)
        weights[on, _WHITE] = 0.35 * gloss

    def _shade_room(
        self,
        weights: FloatArray,
        off: np.ndarray,
        eye: FloatArray,
        direction: FloatArray,
        solid: str,
        scale: float,
    ) -> None:
        d = direction[off]
        root = np.float32(np.sqrt(0.5))
        # Distances along the ray to the floor and to the two walls (x + y and y - x, over root 2).
        with np.errstate(divide="ignore"):
            t_floor = np.where(d[:, 2] < 0, -eye[2] / d[:, 2], np.inf)
            sides = [((s * d[:, 0] + d[:, 1]) * root, (s * eye[0] + eye[1]) * root) for s in (1.0, -1.0)]
            t_walls = [np.where(v > 0, (_WALL_DISTANCE - o) / v, np.inf) for v, o in sides]
        t = np.minimum(np.minimum(t_walls[0], t_walls[1]), t_floor).astype(np.float32)
        point = eye + t[:, None] * d
        shadow = np.isfinite(hit(solid, scale, point, self._lamp[off] - point)[0])
        to_lamp = _unit(_LIGHT - point)
        floor = t == t_floor
        right = ~floor & (t_walls[0] <= t_walls[1])
        normals = np.where(
            floor[:, None],
            np.array([0, 0, 1], np.float32),
            np.where(right[:, None], np.array([-root, -root, 0]), np.array([root, -root, 0])),
        ).astype(np.float32)
        lit = np.maximum(np.einsum("ri,ri->r", normals, to_lamp), 0) * np.where(shadow, 0.0, 1.0)
        light = (0.50 + 0.55 * lit) * self._corner_shade(point, floor)
        light = np.minimum(light, 1)
        rows = np.flatnonzero(off)
        weights[rows[floor], _FLOOR] = light[floor]
        weights[rows[~floor], _WALL] = light[~floor]

    @staticmethod
    def _corner_shade(point: FloatArray, floor: np.ndarray) -> FloatArray:
        """Less of the room's diffuse light reaches the edges where its planes meet, 0..1."""
        root = np.float32(np.sqrt(0.5))
        to_walls = [_WALL_DISTANCE - (s * point[:, 0] + point[:, 1]) * root for s in (1.0, -1.0)]
        other = np.where(floor, np.minimum(*to_walls), np.maximum(*to_walls))
        low = np.where(floor, np.inf, point[:, 2])
        distance = np.maximum(np.minimum(other, low), 0)
        return (1 - 0.30 * np.exp(-2.6 * distance)).astype(np.float32)


class ShapesSource:
    """The built-in room. Safe to share between threads. See `datasets.source.Source`."""

    name = "shapes"
    image_shape = (SIDE, SIDE, 3)
    licence = "Drawn by this program; free to use under the program's own licence."
    citation = (
        "Rendered by Doscope, after the factors of 3D Shapes (Burgess and Kim, 3D Shapes Dataset, 2018)."
    )

    def __init__(self) -> None:
        self.space = _space()
        self._palettes = [255 * palette for palette in _palettes()]
        self._room = _Room()
        self._maps: dict[tuple[int, int, int], FloatArray] = {}
        self._lock = threading.Lock()

    def geometry(self, scale: int, shape: int, view: int) -> FloatArray:
        """The weights [SIDE * SIDE, 4] of floor, wall, object and white for three factor values."""
        key = (scale, shape, view)
        found = self._maps.get(key)
        if found is None:
            found = self._room.cast(float(SCALES[scale]), SOLIDS[shape], float(VIEWS_DEG[view]))
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
