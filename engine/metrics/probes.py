"""Factor probes: a small classifier that reads the factor values of an image (docs/model.md, section 4).

It is trained on real training images of the cache, never on validation or test images and never on what a
model made; validation images only say when to stop. Half of the batches are blurred a little and all get a
little noise, because reconstructions are softer than drawn images; they stay real images. Its own accuracy
on real images of the measured split is reported beside every figure that rests on it.
"""

from __future__ import annotations

import time
from collections.abc import Generator

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.cache import Cache
from datasets.source import ImageArray
from engine.batches import to_tensor
from engine.events import Progressed

PATCH, WIDTH = 4, 32
BATCH, RATE, DECAY = 64, 0.003, 0.02
EPOCHS, FEWEST_STEPS, MOST_STEPS = 15, 40, 600
EASY_FACTORS, STEPS_A_FACTOR = 6, 200  # what more factors add to the most steps
CHECK_EVERY, CHECK_IMAGES, PATIENCE = 100, 500, 3
MOST_NOISE = 0.04  # standard deviation, of values in 0..1
BLUR = (0.3, 1.3)  # standard deviation, pixels
READING_BATCH = 100
TRIAL_STEPS = 10  # after so many it is clear how long a step takes
FEWEST_IN_A_HURRY = 200


class ProbeNetwork(nn.Module):
    """A shared convolutional trunk and one head a factor.

    Args:
        image_shape: (height, width, channels).
        sizes: the number of values of each factor that is read.
    """

    def __init__(self, image_shape: tuple[int, int, int], sizes: tuple[int, ...]) -> None:
        super().__init__()
        height, width, channels = image_shape
        self.sizes, self.padding = sizes, (0, -width % PATCH, 0, -height % PATCH)
        cells = [-(-side // (4 * PATCH)) for side in (height, width)]  # after the patches and two halvings
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(channels * PATCH**2, WIDTH, 1),
            nn.ReLU(),
            *_block(WIDTH, WIDTH, 1),
            *_block(WIDTH, 2 * WIDTH, 2),
            *_block(2 * WIDTH, 2 * WIDTH, 2),
            nn.Flatten(),
        )
        self.heads = nn.Linear(2 * WIDTH * cells[0] * cells[1], sum(sizes))

    def forward(self, image_BCHW: Tensor) -> tuple[Tensor, ...]:
        """Images in 0..1 -> logits [B,V] of each factor's V values."""
        x = F.pad(image_BCHW, self.padding, mode="replicate") if any(self.padding) else image_BCHW
        logits: tuple[Tensor, ...] = self.heads(self.trunk(x - 0.5)).split(self.sizes, dim=1)
        return logits


def _block(channels: int, out: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, out, 3, stride, padding=1), nn.BatchNorm2d(out), nn.ReLU()


class Probes:
    """A trained network, numpy in and numpy out.

    Attributes:
        factors: the factors that are read, bool [F]; those with one value among the training images are not.
        network: the weights, on their device.
        hurried: whether they were trained for fewer steps than planned.
    """

    def __init__(
        self,
        network: ProbeNetwork,
        factors: npt.NDArray[np.bool_],
        device: torch.device,
        hurried: bool = False,
    ) -> None:
        self.network, self.factors, self.hurried = network.eval(), factors, hurried
        self._device = device

    @torch.no_grad()
    def read(self, images: ImageArray) -> npt.NDArray[np.int64]:
        """Images uint8 [n,h,w,c] -> factor values int64 [n,F]; 0 for factors that are not read."""
        values = np.zeros((len(images), len(self.factors)), dtype=np.int64)
        for start in range(0, len(images), READING_BATCH):
            part = slice(start, start + READING_BATCH)
            logits = self.network(to_tensor(images[part], self._device))
            values[part, self.factors] = torch.stack([x.argmax(dim=1) for x in logits], dim=1).cpu().numpy()
        return values


def readable_factors(cache: Cache) -> npt.NDArray[np.bool_]:
    """Factors that take two values or more among the training images, bool [F]."""
    values = cache.factors[cache.rows("train")]
    if not len(values):
        return np.zeros(cache.space.num_factors, dtype=bool)
    varies: npt.NDArray[np.bool_] = values.min(axis=0) < values.max(axis=0)
    return varies


def new_network(cache: Cache, device: torch.device) -> ProbeNetwork:
    """An untrained network for a cache, always the same one."""
    sizes = tuple(s for s, read in zip(cache.space.sizes, readable_factors(cache), strict=True) if read)
    with torch.random.fork_rng(devices=[]):  # a training in this thread keeps its random numbers
        torch.manual_seed(0)
        network = ProbeNetwork(cache.image_shape, sizes)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def training_steps(
    cache: Cache, device: torch.device, within_s: float | None = None
) -> Generator[Progressed, None, Probes | None]:
    """Trains probes for a cache; without a limit the same cache gives the same probes (on the same device).

    Args:
        cache: a cache with factor labels in which at least one factor varies.
        device: where to train.
        within_s: trains for so many seconds at most, with fewer steps; None where these would be too few.
    """
    total = planned_steps(cache)
    if within_s is not None:
        fitting = int(within_s / _seconds_a_step(cache, device))
        if fitting < min(total, FEWEST_IN_A_HURRY):
            return None
        total = min(total, fitting)
    return (yield from _train(cache, device, total))


def planned_steps(cache: Cache) -> int:
    """As many as give 15 passes over the training images; at least 40, at most 600.

    The most are 200 more for each factor beyond six.
    """
    most = MOST_STEPS + STEPS_A_FACTOR * max(0, int(readable_factors(cache).sum()) - EASY_FACTORS)
    return int(np.clip(EPOCHS * len(cache.rows("train")) // BATCH, FEWEST_STEPS, most))


def _seconds_a_step(cache: Cache, device: torch.device) -> float:
    trial = _train(cache, device, 2 * TRIAL_STEPS)
    next(trial)  # the first step is slower
    begun = time.monotonic()
    for _ in range(TRIAL_STEPS):
        next(trial)
    trial.close()
    return (time.monotonic() - begun) / TRIAL_STEPS


def _train(cache: Cache, device: torch.device, total: int) -> Generator[Progressed, None, Probes]:
    """AdamW with one cycle of the rate over `total` steps.

    Every 100 steps the validation images are read; in the second half it ends early when they were read no
    better three times in a row. The best weights are kept.
    """
    rows, read = cache.rows("train"), readable_factors(cache)
    labels = torch.from_numpy(cache.factors[:, read])
    network, best = new_network(cache, device), Best()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total)
    rng = np.random.default_rng(0)
    for step in range(1, total + 1):
        some = np.sort(rng.choice(rows, BATCH))
        images = softened(to_tensor(cache.images(some), device), rng)
        network.train()
        logits = network(images)
        truth = labels[torch.from_numpy(some)].to(device)
        loss = torch.stack([F.cross_entropy(x, truth[:, f]) for f, x in enumerate(logits)]).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        due = step % CHECK_EVERY == 0 or step == total
        if due and best.settled(Probes(network, read, device), cache) and 2 * step >= total:
            break
        yield Progressed("training the factor probes", step, total)
    best.restore(network)
    return Probes(network, read, device, hurried=total < planned_steps(cache))


class Best:
    """The weights that read the validation images best so far, and whether it is time to stop."""

    def __init__(self) -> None:
        self._accuracy, self._misses = -1.0, 0
        self._weights: dict[str, Tensor] = {}

    def settled(self, probes: Probes, cache: Cache) -> bool:
        """Looks at the probes; True when more training will not help."""
        rows = cache.rows("validation")[:CHECK_IMAGES]
        if not len(rows):
            return False
        found = float(accuracy(probes, cache, rows)[probes.factors].mean())
        self._misses = 0 if found > self._accuracy else self._misses + 1
        if found >= self._accuracy:
            self._accuracy = found
            self._weights = {name: x.detach().clone() for name, x in probes.network.state_dict().items()}
        return self._misses >= PATIENCE

    def restore(self, network: ProbeNetwork) -> None:
        """Takes the best weights, where any were looked at."""
        if self._weights:
            network.load_state_dict(self._weights)


def accuracy(probes: Probes, cache: Cache, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Share of real images [n] of which each factor is read right, [F]; meaningless for unread factors."""
    right = [
        probes.read(cache.images(some)) == cache.factors[some]
        for some in np.array_split(rows, max(1, len(rows) // READING_BATCH))
    ]
    share: npt.NDArray[np.float64] = np.concatenate(right).mean(axis=0)
    return share


def softened(image_BCHW: Tensor, rng: np.random.Generator) -> Tensor:
    """A little noise on every image, and before that a little blur on every second batch."""
    if rng.random() < 0.5:
        image_BCHW = blurred(image_BCHW, rng.uniform(*BLUR))
    noise = torch.from_numpy(rng.standard_normal(image_BCHW.shape, dtype=np.float32)).to(image_BCHW.device)
    return image_BCHW + noise * (MOST_NOISE * rng.random())


def blurred(image_BCHW: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of `sigma` pixels, window of 5, edges repeated."""
    offset = torch.arange(-2.0, 3.0, device=image_BCHW.device)
    window = torch.exp(-(offset**2) / (2 * sigma**2))
    channels = image_BCHW.shape[1]
    row = (window / window.sum()).expand(channels, 1, 1, 5)
    wide = F.pad(image_BCHW, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(F.conv2d(wide, row, groups=channels), row.transpose(2, 3), groups=channels)
