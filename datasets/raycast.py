"""Rays against the four solids of the built-in room: numpy, float32, one solid at a time.

Every solid is convex (the capsule a union of convex parts), stands on the floor z = 0 with its axis on
the z axis, and is given by a size that multiplies all its lengths. Rays are origin + t * direction with
t > 0; directions need not have unit length. R rays, last axis x, y, z.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Interval = tuple[FloatArray, FloatArray]  # (t in, t out); empty where in > out

SOLIDS = ("cube", "cylinder", "sphere", "capsule")
# Lengths at size 1, chosen so that no solid of one size has the outline of another solid of another size.
CUBE_HALF, CUBE_TURN = 0.74, np.deg2rad(27.0)
CYLINDER_RADIUS, CYLINDER_HEIGHT = 0.80, 1.50
SPHERE_RADIUS = 0.90
CAPSULE_RADIUS, CAPSULE_HEIGHT = 0.56, 2.05
_TINY = np.float32(1e-9)


def _slab(origin: FloatArray, direction: FloatArray, low: float, high: float) -> Interval:
    """Where low <= origin + t * direction <= high; one coordinate, [R] each."""
    inverse = np.float32(1.0) / np.where(np.abs(direction) < _TINY, _TINY, direction)
    a, b = (np.float32(low) - origin) * inverse, (np.float32(high) - origin) * inverse
    return np.minimum(a, b), np.maximum(a, b)


def _quadric(a: FloatArray, b: FloatArray, c: FloatArray) -> Interval:
    """Where a t^2 + 2 b t + c <= 0, with a > 0."""
    a = np.maximum(a, _TINY)
    disc = b * b - a * c
    root = np.sqrt(np.maximum(disc, 0))
    near = np.where(disc > 0, (-b - root) / a, np.float32(np.inf))
    far = np.where(disc > 0, (-b + root) / a, np.float32(-np.inf))
    return near, far


def _ball(origin: FloatArray, direction: FloatArray, height: float, radius: float) -> Interval:
    """A ball whose centre is (0, 0, height)."""
    o = origin - np.array([0, 0, height], np.float32)
    return _quadric(
        np.einsum("ri,ri->r", direction, direction),
        np.einsum("ri,ri->r", o, direction),
        np.einsum("ri,ri->r", o, o) - np.float32(radius * radius),
    )


def _tube(origin: FloatArray, direction: FloatArray, radius: float) -> Interval:
    """An endless upright tube around the z axis."""
    o, d = origin[:, :2], direction[:, :2]
    return _quadric(
        np.einsum("ri,ri->r", d, d),
        np.einsum("ri,ri->r", o, d),
        np.einsum("ri,ri->r", o, o) - np.float32(radius * radius),
    )


def _both(first: Interval, second: Interval) -> Interval:
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _entry(interval: Interval) -> FloatArray:
    """T of the first point in front of the origin, infinite where there is none."""
    near, far = interval
    hit = (far >= near) & (near > np.float32(1e-4))
    return np.where(hit, near, np.float32(np.inf))


def _turn(points: FloatArray, angle: float) -> FloatArray:
    """Rotate about the z axis."""
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y, z = points.T
    return np.stack([c * x - s * y, s * x + c * y, z], axis=1)


def _hit_cube(origin: FloatArray, direction: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    o, d = _turn(origin, -CUBE_TURN), _turn(direction, -CUBE_TURN)
    half = CUBE_HALF * size
    bounds = ((-half, half), (-half, half), (0.0, 2 * half))
    slabs = [_slab(o[:, i], d[:, i], low, high) for i, (low, high) in enumerate(bounds)]
    near = np.stack([slab[0] for slab in slabs])  # [3, R]
    far = np.minimum(np.minimum(slabs[0][1], slabs[1][1]), slabs[2][1])
    face = near.argmax(axis=0)
    normal = np.zeros_like(d)
    rows = np.arange(len(d))
    normal[rows, face] = -np.sign(d[rows, face])
    return _entry((near.max(axis=0), far)), _turn(normal, CUBE_TURN)


def _hit_cylinder(origin: FloatArray, direction: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    radius, height = CYLINDER_RADIUS * size, CYLINDER_HEIGHT * size
    side = _tube(origin, direction, radius)
    lids = _slab(origin[:, 2], direction[:, 2], 0.0, height)
    t = _entry(_both(side, lids))
    normal = _point(origin, direction, t) / np.float32(radius)
    normal[:, 2] = 0
    normal[lids[0] > side[0]] = (0, 0, 1)
    return t, normal


def _hit_sphere(origin: FloatArray, direction: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    radius = SPHERE_RADIUS * size
    t = _entry(_ball(origin, direction, radius, radius))
    normal = _point(origin, direction, t)
    normal[:, 2] -= np.float32(radius)
    return t, normal / np.float32(radius)


def _hit_capsule(origin: FloatArray, direction: FloatArray, size: float) -> tuple[FloatArray, FloatArray]:
    radius, height = CAPSULE_RADIUS * size, CAPSULE_HEIGHT * size
    low, high = radius, height - radius
    side = _both(_tube(origin, direction, radius), _slab(origin[:, 2], direction[:, 2], low, high))
    balls = [_entry(_ball(origin, direction, z, radius)) for z in (low, high)]
    t = np.minimum(_entry(side), np.minimum(balls[0], balls[1]))
    normal = _point(origin, direction, t)
    normal[:, 2] -= np.clip(normal[:, 2], np.float32(low), np.float32(high))
    return t, normal / np.float32(radius)


def _point(origin: FloatArray, direction: FloatArray, t: FloatArray) -> FloatArray:
    """Origin + t * direction, with t = 0 where the ray misses (the value is not used there)."""
    return origin + np.where(np.isfinite(t), t, np.float32(0))[:, None] * direction


_HITS: dict[str, Callable[[FloatArray, FloatArray, float], tuple[FloatArray, FloatArray]]] = {
    "cube": _hit_cube,
    "cylinder": _hit_cylinder,
    "sphere": _hit_sphere,
    "capsule": _hit_capsule,
}


def hit(solid: str, size: float, origin: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The first point of a solid on each ray.

    Args:
        solid: one of `SOLIDS`.
        size: factor on all lengths.
        origin: [R, 3].
        direction: [R, 3].

    Returns:
        t [R], infinite where the ray misses, and the outward unit normal [R, 3] there.
    """
    return _HITS[solid](origin, direction, size)
