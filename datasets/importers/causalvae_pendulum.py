"""CausalVAE's Pendulum (Yang et al. 2021): pictures whose names hold what they show.

`a_ANGLE_LIGHT_LENGTH_POSITION.png`, whole numbers, in the folders `train` and `test`. Angle and light are
causes; the shadow's length and position follow from them, so that no image has them otherwise: they are no
factors. The published split takes every fourth image, which leaves the test without neighbours; the images of
both folders are put together and split by content.
"""

from __future__ import annotations

import re
from pathlib import Path

from datasets.factors import Factor
from datasets.image_sets import ImageSet, Opened, by_names, ranked

_NAME = re.compile(r"a_(-?\d+)_(-?\d+)_(-?\d+)_(-?\d+)\.png")
_LIGHTS = tuple(str(light) for light in range(60, 148) if light != 100)
FACTORS = (Factor("angle", tuple(map(str, range(-40, 44)))), Factor("light", _LIGHTS))
NOTE = "the shadow's length and position follow from angle and light and are no factors"


def open_pendulum(path: Path) -> Opened:
    """The images of a folder or archive, `train` and `test` together."""
    own, numbers = by_names(path, _NAME, other="flow")
    return Opened(own, ranked(FACTORS, numbers[:, :2], (NOTE,)))


IMAGE_SET = ImageSet(
    name="causalvae_pendulum",
    title="Pendulum of CausalVAE: a light throws a pendulum's shadow",
    factors=FACTORS,
    licence="MIT License (the repository's).",
    citation="Yang et al., CausalVAE: Disentangled Representation Learning via Neural Structural Causal "
    "Models, 2021.",
    where="made by CausalVAE's script pendulum.py (github.com/huawei-noah/trustworthyAI)",
    open=open_pendulum,
)
