"""The CT layer of the paper's public code, to be timed beside ours on the same pairs.

The user brings both: a checkout of Strong-AI-Lab/ct-vae and its dependency torch_geometric. Nothing else of
Doscope knows them. Their `CausalTransition` takes one-hot codes [B, K, H, W] and one-hot actions [B, A].
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.report import InputError
from benchmarks.timing import Work

CLASS, MODULE = "CausalTransition", "models.ct_mcq_vae"
NEEDED = ("base", "vq_vae", "mcq_vae")  # what it takes from its package
RATE = 5e-4  # its own configuration, and the weights of its losses
LOSSES = {"c_alpha": 0.01, "c_beta": 0.4, "c_delta": 0.01, "c_epsilon": 0.1}


def load(checkout: Path) -> type[nn.Module]:
    """The class, from a checkout.

    Raises:
        InputError: there is no such class there, or something it needs is missing.
    """
    if not (checkout / "models" / "ct_mcq_vae.py").is_file():
        raise InputError(f"{checkout} is no checkout of Strong-AI-Lab/ct-vae: it has no models/ct_mcq_vae.py")
    try:
        module = _import(checkout / "models")
    except ImportError as error:
        raise InputError(f"the reference needs {error.name or error}; install it beside Doscope") from error
    found = getattr(module, CLASS, None)
    if not isinstance(found, type):
        raise InputError(f"{MODULE} of {checkout} has no class {CLASS}")
    _mend(module)
    return found


def _import(folder: Path) -> ModuleType:
    """Its module, and the few it needs: the others of its package want much more than torch_geometric."""
    package = ModuleType("models")
    package.__path__ = [str(folder)]
    sys.modules["models"] = package
    for name in NEEDED:
        vars(package).update(vars(importlib.import_module(f"models.{name}")))
    return importlib.import_module(MODULE)


def _mend(module: ModuleType) -> None:
    """Gives it the `dense_to_sparse` of the torch_geometric it was written for; today's has no gradient."""
    utils: Any = module.torch_geometric.utils
    utils.dense_to_sparse = _dense_to_sparse


def _dense_to_sparse(adjacency_BNN: Tensor) -> tuple[Tensor, Tensor]:
    """Edges [2, E] of the block-diagonal graph of a batch, and their weights [E]."""
    image, source, target = adjacency_BNN.nonzero(as_tuple=True)
    first = image * adjacency_BNN.shape[-1]
    return torch.stack([first + source, first + target]), adjacency_BNN[image, source, target]


class ReferenceAutoencoder:
    """Its autoencoder (one codebook) with its own sizes.

    Args:
        checkout: of Strong-AI-Lab/ct-vae.
    """

    def __init__(self, checkout: Path) -> None:
        load(checkout)
        torch.manual_seed(0)
        kind = importlib.import_module("models.mcq_vae").MCQVAE
        # it reverses the caller's list of sizes
        self.model = kind(3, 128, 64, hidden_dims=[64, 128, 256], beta=0.1, img_size=64, codebooks=1)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE)

    def train(self, images_BCHW: Tensor) -> Work:
        """One optimizer step on images in 0..1."""

        def step() -> None:
            self.optimizer.zero_grad()
            found = self.model(images_BCHW)
            self.model.loss_function(*found)["loss"].backward()
            self.optimizer.step()

        return step


class Reference:
    """Its layer with its own sizes, and what one does with it.

    Args:
        checkout: of Strong-AI-Lab/ct-vae.
        num_codes: K.
        num_actions: A.
        side: H = W of the latent grid.
    """

    def __init__(self, checkout: Path, num_codes: int, num_actions: int, side: int) -> None:
        torch.manual_seed(0)
        self.layer: Any = load(checkout)(num_codes, num_actions, **LOSSES)
        self.optimizer = torch.optim.Adam(self.layer.parameters(), lr=RATE)
        self._codes, self._actions, self._side = num_codes, num_actions, side

    def train_action(self, before_BN: Tensor, after_BN: Tensor, action_B: Tensor) -> Work:
        """One optimizer step of its action mode."""
        before, after, action = self._one_hot(before_BN), self._one_hot(after_BN), self._chosen(action_B)

        def step() -> None:
            found, regularisation, _ = self.layer.forward_action(before, action)
            self._descend(regularisation + self.layer.latent_loss(found, after))

        return step

    def train_causal(self, before_BN: Tensor, after_BN: Tensor, action_B: Tensor) -> Work:
        """One optimizer step of its causal mode: all actions, cross entropy of the true one."""
        before, after = self._one_hot(before_BN), self._one_hot(after_BN)

        def step() -> None:
            probability = self.layer.forward_transition(before, after)[0]
            self._descend(F.cross_entropy(probability.clamp(min=1e-4).log(), action_B))

        return step

    def retrieve(self, before_BN: Tensor, after_BN: Tensor) -> Work:
        """The probabilities of all actions."""
        before, after = self._one_hot(before_BN), self._one_hot(after_BN)
        return torch.no_grad()(lambda: self.layer.forward_transition(before, after))

    def apply(self, before_BN: Tensor, action_B: Tensor) -> Work:
        """The codes after an action."""
        before, action = self._one_hot(before_BN), self._chosen(action_B)
        return torch.no_grad()(lambda: self.layer.forward_action(before, action)[0].argmax(dim=1))

    def _one_hot(self, codes_BN: Tensor) -> Tensor:
        flat = F.one_hot(codes_BN, self._codes).float().transpose(1, 2)
        return flat.unflatten(2, (self._side, self._side))

    def _chosen(self, action_B: Tensor) -> Tensor:
        return F.one_hot(action_B, self._actions).float()

    def _descend(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
