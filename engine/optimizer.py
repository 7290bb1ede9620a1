"""The optimizer of a training: Muon for the matrices that mix features, AdamW for everything else.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) steps along the momentum with all its singular
values set to about one, so that rare directions are learned as fast as common ones. torch's own takes
matrices only; most of an autoencoder's are kernels of convolutions.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, Jordan et al. 2024
ROUNDS = 5
MOMENTUM = 0.95
# What is smaller counts as zero. The momentum of a unit that has died fades away, in the end into numbers
# below 1e-38, on which processors are many times slower; and so do products of what is left of it.
FADED, NEGLIGIBLE = 1e-25, 1e-9
BETAS = (0.9, 0.99)


def orthogonal(matrix_RC: Tensor) -> Tensor:
    """The nearest matrix whose singular values are all about one (0.7 to 1.2), any shape [R,C]."""
    x = F.hardshrink(matrix_RC / (matrix_RC.norm() + 1e-12), NEGLIGIBLE)
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal.

    Args:
        parameters: of two dimensions or more; the first counts as rows, the others as columns.
        lr: length of a step; the step of a square matrix has a spectral norm of about `lr`.
        weight_decay: decoupled, as AdamW's.
    """

    def __init__(self, parameters: list[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One step of every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group["lr"], group["weight_decay"])

    def _move(self, parameter: nn.Parameter, rate: float, decay: float) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        gradient = parameter.grad
        assert gradient is not None
        momentum = state["momentum"].mul_(MOMENTUM).add_(gradient)
        momentum.copy_(F.hardshrink(momentum, FADED))
        update_RC = gradient.add(momentum, alpha=MOMENTUM).flatten(1)
        rows, columns = update_RC.shape
        direction = orthogonal(update_RC).view(parameter.shape)
        parameter.mul_(1 - rate * decay)
        parameter.add_(direction, alpha=-rate * max(1.0, rows / columns) ** 0.5)


class Optimizer:
    """Both, with one schedule.

    Args:
        parameters: all that is trained.
        matrices: those among them that Muon moves; there may be none.
        matrix_rate: peak learning rate of the matrices.
        rate: peak learning rate of the others.
        weight_decay: of all.
    """

    def __init__(
        self,
        parameters: list[nn.Parameter],
        matrices: list[nn.Parameter],
        *,
        matrix_rate: float,
        rate: float,
        weight_decay: float,
    ) -> None:
        self.parameters = parameters
        own = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in parameters if id(parameter) not in own]
        self._peaks = {"matrices": matrix_rate, "others": rate}
        self._parts: dict[str, torch.optim.Optimizer] = {
            "others": torch.optim.AdamW(others, lr=rate, betas=BETAS, weight_decay=weight_decay, fused=True)
        }
        if matrices:
            self._parts["matrices"] = Muon(matrices, matrix_rate, weight_decay)

    @property
    def rate(self) -> float:
        """The present learning rate of what is no matrix."""
        return float(self._parts["others"].param_groups[0]["lr"])

    def step(self, share: float) -> None:
        """One step at this share of the peak rates."""
        for name, part in self._parts.items():
            for group in part.param_groups:
                group["lr"] = share * self._peaks[name]
            part.step()

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for part in self._parts.values():
            part.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """The state, flattened to names "optimizer.PART.INDEX.KEY". Inverse of `restore`."""
        return {
            f"optimizer.{name}.{index}.{key}": torch.as_tensor(value)
            for name, part in self._parts.items()
            for index, state in part.state_dict()["state"].items()
            for key, value in state.items()
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Inverse of `tensors`; entries of other names are ignored.

        A state gets its parameter's layout in memory: the fused optimizer walks over both without asking.
        """
        for name, part in self._parts.items():
            parameters = [p for group in part.param_groups for p in group["params"]]
            full = part.state_dict()
            full["state"] = _states(tensors, f"optimizer.{name}.", parameters)
            part.load_state_dict(full)


def _states(
    tensors: dict[str, Tensor], prefix: str, parameters: list[nn.Parameter]
) -> dict[int, dict[str, Tensor]]:
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            own = parameters[int(index)]
            laid_out = torch.empty_like(own).copy_(tensor) if tensor.shape == own.shape else tensor
            states.setdefault(int(index), {})[key] = laid_out
    return states


def feature_matrices(module: nn.Module) -> list[nn.Parameter]:
    """The weights of the linear layers and convolutions of a module; tables of embeddings are none."""
    layers = (layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.Conv2d)))
    weights = (cast(nn.Parameter, layer.weight) for layer in layers)
    return [weight for weight in weights if min(len(weight), weight[0].numel()) > 1]
