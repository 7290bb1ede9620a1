"""The node of an action in the causal graph: it reads the image's variables and tells its targets what to do.

docs/model.md, section 2, equation (4): the action is a parent of its targets. What an action does to a patch
can depend on the whole image (how large is the solid, from where is it seen?). One node an action finds that
out once, instead of every target for itself.

Legend: B batch, N latent variables, V of them that vary, M targets, G actions asked for each image, E width,
S heads, D = E / S, R readings a head, T what the node tells.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

READINGS = 8


class ActionNode(nn.Module):
    """Reads all variables, thinks, and tells each target; one set of weights, modulated by the action.

    Args:
        num_variables: N.
        num_actions: A.
        width: E, size of a variable's hidden state.
        heads: S, of the messages that are read.
        told: T.
    """

    def __init__(self, num_variables: int, num_actions: int, width: int, heads: int, told: int) -> None:
        super().__init__()
        hidden = 3 * told // 2
        self.read = nn.Parameter(torch.randn(num_variables, heads, READINGS) * num_variables**-0.5)
        self.enter = nn.Linear(READINGS * width, hidden)
        self.action = nn.Parameter(torch.randn(num_actions, hidden) * 0.2)
        self.think = nn.Linear(hidden, told)
        self.place_scale = nn.Parameter(1 + 0.5 * torch.randn(num_variables, told))
        self.place_shift = nn.Parameter(0.5 * torch.randn(num_variables, told))
        self.tell = nn.Linear(told, width)

    def forward(
        self,
        values_BSVD: Tensor,
        actions_BG: Tensor,
        targets_BM: Tensor | None,
        senders_V: Tensor | None = None,
    ) -> Tensor:
        """Messages of the senders (None: all variables) -> what each action tells each target, [B,G,M,E]."""
        read_VSR = self.read if senders_V is None else self.read.index_select(0, senders_V)
        reading = torch.einsum("vsr,bsvd->bsrd", read_VSR, values_BSVD).flatten(1)
        entered = self.enter(F.layer_norm(reading, reading.shape[1:]))
        thought_BGT = self.think((entered[:, None] + self.action[actions_BG]).relu_())
        scale: Tensor = self.place_scale
        shift: Tensor = self.place_shift
        if targets_BM is not None:
            scale, shift = (F.embedding(targets_BM, table)[:, None] for table in (scale, shift))
        told: Tensor = self.tell((thought_BGT[:, :, None] * scale + shift).relu_())
        return told
