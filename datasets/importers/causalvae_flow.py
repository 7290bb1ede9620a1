"""CausalVAE's Flow (Yang et al. 2021): a ball in a glass of water with a hole, from names of files.

`a_RADIUS_HEIGHT_REACH_HOLE.png`, whole numbers, in the folders `train` and `test`. How far the water reaches
follows from its height and the hole, so it is no factor. The same name may be in both folders, and images of
the same radius, height and hole are the same picture but for noise: the first takes part.
"""

from __future__ import annotations

import re
from pathlib import Path

from datasets.factors import Factor
from datasets.image_sets import ImageSet, Opened, by_names, ranked

_NAME = re.compile(r"a_(-?\d+)_(-?\d+)_(-?\d+)_(-?\d+)\.png")
FACTORS = (
    Factor("ball_radius", tuple(map(str, range(5, 35)))),
    Factor("water_height", tuple(map(str, range(10, 40)))),
    Factor("hole", tuple(map(str, range(6, 15)))),
)
NOTE = "how far the water reaches follows from its height and the hole and is no factor"


def open_flow(path: Path) -> Opened:
    """The images of a folder or archive, `train` and `test` together."""
    own, numbers = by_names(path, _NAME, other="pendulum")
    return Opened(own, ranked(FACTORS, numbers[:, [0, 1, 3]], (NOTE,)))


IMAGE_SET = ImageSet(
    name="causalvae_flow",
    title="Flow of CausalVAE: water runs out of a glass with a ball in it",
    factors=FACTORS,
    licence="MIT License (the repository's).",
    citation="Yang et al., CausalVAE: Disentangled Representation Learning via Neural Structural Causal "
    "Models, 2021.",
    where="made by CausalVAE's script for flow_noise (github.com/huawei-noah/trustworthyAI)",
    open=open_flow,
)
