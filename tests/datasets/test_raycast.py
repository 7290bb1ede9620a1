"""Rays meet the solids where geometry says."""

from __future__ import annotations

import numpy as np
import pytest

from datasets import raycast
from datasets.raycast import SOLIDS, dot, hit


def rays(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Rays from points on a far sphere towards random points near the solid."""
    rng = np.random.default_rng(seed)
    origin = rng.normal(size=(3, count))
    origin = 6 * origin / np.linalg.norm(origin, axis=0)
    target = rng.uniform(-1.2, 1.2, (3, count)) + np.array([[0], [0], [1.0]])
    return origin.astype(np.float32), (target - origin).astype(np.float32)


def outside(solid: str, size: float, p: np.ndarray) -> np.ndarray:
    """How far outside (> 0) or inside (< 0) a solid points lie, written down independently: [R]."""
    x, y, z = p / size
    across = np.hypot(x, y)
    if solid == "sphere":
        r = raycast.SPHERE_RADIUS
        return np.sqrt(x**2 + y**2 + (z - r) ** 2) - r
    if solid == "cylinder":
        h = raycast.CYLINDER_HEIGHT
        return np.maximum(across - raycast.CYLINDER_RADIUS, np.abs(z - h / 2) - h / 2)
    if solid == "capsule":
        r, h = raycast.CAPSULE_RADIUS, raycast.CAPSULE_HEIGHT
        return np.hypot(across, z - np.clip(z, r, h - r)) - r
    turn, half = raycast.CUBE_TURN, raycast.CUBE_HALF
    u, v = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    return np.max(np.abs([u, v, z - half]), axis=0) - half


@pytest.mark.parametrize("size", [0.65, 1.0, 1.35])
@pytest.mark.parametrize("solid", SOLIDS)
def test_hits_are_the_first_points_of_the_surface(solid: str, size: float) -> None:
    """A hit lies on the surface with nothing solid before it; a miss passes outside all along."""
    origin, direction = rays(1)
    t, _ = hit(solid, size, origin, direction)
    hits = np.isfinite(t)
    assert 0.1 < hits.mean() < 0.95
    assert np.abs(outside(solid, size, origin[:, hits] + t[hits] * direction[:, hits])).max() < 2e-3
    end = np.where(hits, t, 2.0)
    for share in np.linspace(0, 0.999, 120):
        assert outside(solid, size, origin + share * end * direction).min() > -4e-3


@pytest.mark.parametrize("solid", SOLIDS)
def test_normals_point_outwards(solid: str) -> None:
    """Normals have length 1, face the ray, and a small step along them leaves the solid."""
    origin, direction = rays(2)
    t, normal = hit(solid, 1.0, origin, direction)
    hits = np.isfinite(t)
    n = normal[:, hits]
    assert np.allclose(np.linalg.norm(n, axis=0), 1, atol=1e-3)
    assert (dot(n, direction[:, hits]) < 1e-4).mean() > 0.999
    point = origin[:, hits] + t[hits] * direction[:, hits]
    assert (outside(solid, 1.0, point + 0.05 * n) > 0.04).mean() > 0.99


@pytest.mark.parametrize("solid", SOLIDS)
def test_a_solid_behind_the_ray_is_not_hit(solid: str) -> None:
    """Rays that lead away never hit."""
    origin, direction = rays(3, 500)
    assert not np.isfinite(hit(solid, 1.0, origin, -direction)[0]).any()


def test_one_origin_stands_for_many() -> None:
    """An origin [3, 1] gives what the same origin repeated gives."""
    _, direction = rays(4, 500)
    eye = np.array([[0.0], [-6.0], [3.0]], np.float32)
    direction = (direction - 0 * eye).astype(np.float32)
    direction[1] = 6
    for solid in SOLIDS:
        one, many = (hit(solid, 1.0, o, direction)[0] for o in (eye, np.repeat(eye, 500, axis=1)))
        assert (one == many).all()
