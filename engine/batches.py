"""Batches for training: the one place that turns uint8 NHWC images into float NCHW tensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from datasets.cache import Cache


def to_tensor(images: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 [n,h,w,c] -> float32 [n,c,h,w] in 0..1, channels last in memory."""
    # torch complains about read-only arrays, and memory-mapped or decoded images are read-only.
    return as_floats(torch.from_numpy(np.require(images, requirements=("C", "W"))).to(device))


def as_floats(bytes_BHWC: Tensor) -> Tensor:
    """uint8 [n,h,w,c] -> float32 [n,c,h,w] in 0..1, channels last in memory."""
    return bytes_BHWC.permute(0, 3, 1, 2).float().div_(255)


def to_images(tensor: Tensor) -> npt.NDArray[np.uint8]:
    """Float [n,c,h,w] in 0..1 -> uint8 [n,h,w,c]. Inverse of `to_tensor`."""
    scaled = tensor.detach().float().clamp(0, 1).mul(255).add(0.5)
    out: npt.NDArray[np.uint8] = scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return out


EVEN = 0.3  # of the drawing of factors
NEIGHBOURS = 8  # codes that count as similar
FORGET = 0.05  # of a factor's error so far, at each batch that has the factor
NOTE_EVERY = 8  # batches of an accelerator whose errors are fetched together: each fetch waits for the device


class TransitionBatch(NamedTuple):
    """Codes before and after, and the action."""

    before_BN: Tensor
    after_BN: Tensor
    action_B: Tensor

    def of(self, some: slice) -> TransitionBatch:
        """Some of its transitions."""
        return TransitionBatch(*(x[some] for x in self))


class TransitionSampler:
    """Random training transitions, both directions of each pair where both are actions.

    Factors that are hard are drawn more often: each with a probability of which EVEN is shared equally and
    the rest by the present error of its transitions, so that time goes where something is left to learn.

    Args:
        cache: where the pairs are.
        codes: codes of every image of the cache, [images, N].
        batch: transitions a batch.
        errors: mean error of each factor's transitions so far, [F]; kept up to date here by `note`.
        note_every: batches whose errors are noted together; None: 1 on the processor, else NOTE_EVERY.
    """

    def __init__(
        self,
        cache: Cache,
        codes: Tensor,
        batch: int,
        errors: npt.NDArray[np.float64] | None = None,
        note_every: int | None = None,
    ) -> None:
        pairs = cache.transitions("train")
        self._codes, self._batch, self._factor_of = codes, batch, cache.space.action_factors
        self._pairs = pairs, pairs.reversed()
        factor = self._factor_of[pairs.action]
        self._of_factor = [np.flatnonzero(factor == f) for f in range(cache.space.num_factors)]
        self._by_factor = np.concatenate(self._of_factor)
        self._factors = np.array([f for f, rows in enumerate(self._of_factor) if len(rows)])
        self.errors = np.ones(cache.space.num_factors) if errors is None else errors
        self._note_every = note_every or (1 if codes.device.type == "cpu" else NOTE_EVERY)
        self._noted: list[tuple[Tensor, Tensor]] = []

    def draw(self, rng: np.random.Generator) -> TransitionBatch:
        """One batch."""
        errors = self.errors[self._factors]
        share = EVEN / len(errors) + (1 - EVEN) * errors / errors.sum()
        factors = rng.choice(self._factors, self._batch, p=share)
        at = rng.random(self._batch)
        sizes = np.array([len(rows) for rows in self._of_factor])
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        pick = self._by_factor[offsets[factors] + (at * sizes[factors]).astype(np.int64)]
        flip = rng.random(self._batch) < 0.5
        there, back = self._pairs
        before = np.where(flip, back.before[pick], there.before[pick])
        after = np.where(flip, back.after[pick], there.after[pick])
        action = np.where(flip, back.action[pick], there.action[pick])
        device = self._codes.device
        return TransitionBatch(
            self._codes[torch.from_numpy(before).to(device)].long(),
            self._codes[torch.from_numpy(after).to(device)].long(),
            torch.from_numpy(action).to(device),
        )

    def note(self, action_B: Tensor, error_B: Tensor) -> None:
        """Takes note of the errors, positive numbers, of a batch's transitions."""
        self._noted.append((action_B, error_B))
        if len(self._noted) < self._note_every:
            return
        actions = torch.stack([action for action, _ in self._noted]).cpu().numpy()
        errors = torch.stack([error for _, error in self._noted]).float().cpu().numpy()
        self._noted.clear()
        for action, error in zip(actions, errors, strict=True):
            self._heed(self._factor_of[action], error)

    def _heed(self, factor: npt.NDArray[np.int64], error: npt.NDArray[np.float32]) -> None:
        for f in np.unique(factor):
            mean = float(error[factor == f].mean())
            if np.isfinite(mean):  # a broken loss is the training's to report
                self.errors[f] += FORGET * (max(mean, 1e-6) - self.errors[f])


class CodeNoise:
    """Exchanges some codes of the images before an action for similar ones.

    What an action is applied to a second time was itself predicted, with some codes a little wrong; a layer
    that saw only faultless images would drift. Codes that the action leaves alone stay wrong afterwards.

    Args:
        codebook_QKD: the codes; similar ones are the NEIGHBOURS nearest.
        codebook_of_variable: the codebook of each variable, [N].
        share: of the codes that are exchanged.
    """

    def __init__(self, codebook_QKD: Tensor, codebook_of_variable: Tensor, share: float) -> None:
        count = min(NEIGHBOURS, codebook_QKD.shape[1] - 1)
        # the nearest code is the code itself, or its twin
        self._near_QKC = (
            torch.cdist(codebook_QKD, codebook_QKD).topk(1 + count, largest=False).indices[..., 1:]
        )
        self._codebook_N, self._share = codebook_of_variable, share

    def add(self, batch: TransitionBatch, first: int) -> TransitionBatch:
        """The same batch with noise in its transitions from number `first` on."""
        before_BN, after_BN, _ = batch
        near_BNC = self._near_QKC[self._codebook_N, before_BN]
        which_BN1 = torch.randint(near_BNC.shape[2], (*before_BN.shape, 1), device=before_BN.device)
        noisy_BN = torch.rand(before_BN.shape, device=before_BN.device) < self._share
        noisy_BN[:first] = False
        noised_BN = torch.where(noisy_BN, near_BNC.gather(2, which_BN1)[..., 0], before_BN)
        kept_BN = before_BN == after_BN
        return TransitionBatch(noised_BN, torch.where(kept_BN, noised_BN, after_BN), batch.action_B)
