"""Rays against the four solids of the built-in room: numpy, float32, one solid at a time.

Every solid is convex (the capsule a union of convex parts), stands on the floor z = 0 with its axis on
the z axis, and is given by a size that multiplies all its lengths. Rays are origin + t * direction with
t > 0; directions need not have unit length. R rays; points and directions are [3, R], coordinates first,
so that all arithmetic runs over long contiguous rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]  # float32 throughout; the stubs lose track of it
Interval = tuple[FloatArray, FloatArray]  # (t in, t out); empty where in > out
Hit = tuple[FloatArray, FloatArray]  # (t, normal)

SOLIDS = ("cube", "cylinder", "sphere", "capsule")
# Lengths at size 1, chosen so that no solid of one size has the outline of another solid of another size.
CUBE_HALF, CUBE_TURN = 0.74, np.deg2rad(27.0)
CYLINDER_RADIUS, CYLINDER_HEIGHT = 0.80, 1.50
SPHERE_RADIUS = 0.90
CAPSULE_RADIUS, CAPSULE_HEIGHT = 0.56, 2.05
# No point of a solid of size 1 is farther from (0, 0, BOUND_HEIGHT) than BOUND_RADIUS.
BOUND_HEIGHT, BOUND_RADIUS = 0.95, 1.45
_TINY = np.float32(1e-9)
_INFINITE = np.float32(np.inf)


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Scalar product of [n, R] with [n, R] or [n, 1], over the coordinates: [R]."""
    total: FloatArray = a[0] * b[0]
    for i in range(1, len(a)):
        total = total + a[i] * b[i]
    return total


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors [3, R] scaled to length 1."""
    return vectors * (np.float32(1) / np.sqrt(dot(vectors, vectors)))


def hit(solid: str, size: float, origin: FloatArray, direction: FloatArray) -> Hit:
    """The first point of a solid on each ray.

    Args:
        solid: one of `SOLIDS`.
        size: factor on all lengths.
        origin: [3, R], or [3, 1] for one origin.
        direction: [3, R].

    Returns:
        t [R], infinite where the ray misses, and the outward unit normal [3, R] where it hits
        (elsewhere the normal means nothing).
    """
    near, far = _ball(origin, direction, BOUND_HEIGHT * size, BOUND_RADIUS * size)
    close = np.flatnonzero(far > near)
    t = np.full(direction.shape[1], _INFINITE)
    normal = np.zeros_like(direction)
    if len(close):
        o = origin if origin.shape[1] == 1 else origin[:, close]
        t[close], normal[:, close] = _HITS[solid](o, direction[:, close], size)
    return t, normal


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
    near = np.where(disc > 0, (-b - root) / a, _INFINITE)
    far = np.where(disc > 0, (-b + root) / a, -_INFINITE)
    return near, far


def _ball(origin: FloatArray, direction: FloatArray, height: float, radius: float) -> Interval:
    """A ball whose centre is (0, 0, height)."""
    o = _lifted(origin, -height)
    return _quadric(dot(direction, direction), dot(direction, o), dot(o, o) - np.float32(radius * radius))


def _tube(origin: FloatArray, direction: FloatArray, radius: float) -> Interval:
    """An endless upright tube around the z axis."""
    o, d = origin[:2], direction[:2]
    return _quadric(dot(d, d), dot(d, o), dot(o, o) - np.float32(radius * radius))


def _both(first: Interval, second: Interval) -> Interval:
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _entry(interval: Interval) -> FloatArray:
    """The t of the first point in front of the origin, infinite where there is none."""
    near, far = interval
    return np.where((far >= near) & (near > np.float32(1e-4)), near, _INFINITE)


def _point(origin: FloatArray, direction: FloatArray, t: FloatArray) -> FloatArray:
    """The point at t, or the origin where t is infinite (the value is not used there)."""
    return origin + np.where(np.isfinite(t), t, np.float32(0)) * direction


def _lifted(points: FloatArray, by: float) -> FloatArray:
    return points + np.array([[0], [0], [by]], np.float32)


def _turned(points: FloatArray, angle: float) -> FloatArray:
    """Rotated about the z axis."""
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y, z = points
    return np.stack([c * x - s * y, s * x + c * y, z])


def _hit_cube(origin: FloatArray, direction: FloatArray, size: float) -> Hit:
    o, d = _turned(origin, -CUBE_TURN), _turned(direction, -CUBE_TURN)
    half = CUBE_HALF * size
    bounds = ((-half, half), (-half, half), (0.0, 2 * half))
    slabs = [_slab(o[i], d[i], low, high) for i, (low, high) in enumerate(bounds)]
    x, y, z = (slab[0] for slab in slabs)
    near = np.maximum(np.maximum(x, y), z)
    far = np.minimum(np.minimum(slabs[0][1], slabs[1][1]), slabs[2][1])
    faces = ((x >= y) & (x >= z), (y > x) & (y >= z), (z > x) & (z > y))
    normal = np.stack([-np.sign(d[i]) * face for i, face in enumerate(faces)]).astype(np.float32)
    return _entry((near, far)), _turned(normal, CUBE_TURN)


def _hit_cylinder(origin: FloatArray, direction: FloatArray, size: float) -> Hit:
    radius, height = CYLINDER_RADIUS * size, CYLINDER_HEIGHT * size
    side = _tube(origin, direction, radius)
    lids = _slab(origin[2], direction[2], 0.0, height)
    t = _entry(_both(side, lids))
    on_lid = lids[0] > side[0]
    normal = np.where(on_lid, np.float32(0), _point(origin, direction, t) / np.float32(radius))
    normal[2] = -np.sign(direction[2]) * on_lid
    return t, normal


def _hit_sphere(origin: FloatArray, direction: FloatArray, size: float) -> Hit:
    radius = SPHERE_RADIUS * size
    t = _entry(_ball(origin, direction, radius, radius))
    return t, _lifted(_point(origin, direction, t), -radius) / np.float32(radius)


def _hit_capsule(origin: FloatArray, direction: FloatArray, size: float) -> Hit:
    radius, height = CAPSULE_RADIUS * size, CAPSULE_HEIGHT * size
    low, high = radius, height - radius
    side = _both(_tube(origin, direction, radius), _slab(origin[2], direction[2], low, high))
    balls = [_entry(_ball(origin, direction, z, radius)) for z in (low, high)]
    t = np.minimum(_entry(side), np.minimum(balls[0], balls[1]))
    normal = _point(origin, direction, t)
    normal[2] -= np.clip(normal[2], np.float32(low), np.float32(high))
    return t, normal / np.float32(radius)


_HITS: dict[str, Callable[[FloatArray, FloatArray, float], Hit]] = {
    "cube": _hit_cube,
    "cylinder": _hit_cylinder,
    "sphere": _hit_sphere,
    "capsule": _hit_capsule,
}
