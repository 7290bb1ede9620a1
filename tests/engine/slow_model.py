"""The model once more, slowly: one image, one variable, one edge at a time, as the equations say it.

docs/model.md, section 2. Nothing is batched, shared or vectorised, and no product is rearranged; it reads the
fast model's parameters and shares nothing else with it but the small networks that map one vector to another.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.action_node import READINGS
from engine.model import CTVAE


class SlowModel:
    """One image's codes under a model in inference mode.

    Args:
        model: whose parameters are read.
        codes: of the image, [N].
    """

    def __init__(self, model: CTVAE, codes: Tensor) -> None:
        self.net, self.codebook = model.transition, model.autoencoder.quantizer.codebook_QKD
        self.sharpness = model.log_sharpness.exp()
        self.codes = codes.tolist()
        self.n = len(self.codes)
        self.book = self.net.codebook_of_variable.tolist()
        self.seen = [
            self.net.code_embedding[self.book[j], self.codes[j]] + self.net.position[j] for j in range(self.n)
        ]

    def probability(self, j: int, action: int | None) -> Tensor:
        """p(z'_j | z, a), [K]: (6) with the mask summed out; without an action the base mechanism's."""
        own = self.net.own(self.seen[j])[0].sigmoid()
        base = (1 - own) * self._codes(j, self._state(j, 0)).softmax(0)
        base = base + own * F.one_hot(torch.tensor(self.codes[j]), len(base))
        if action is None:
            return base
        state = self._state(j, 1 + action)
        target = (self._local_mask(j, action) + self.net.mask_state(state)[0]).sigmoid()
        return target * self._codes(j, state).softmax(0) + (1 - target) * base

    def latents(self, action: int | None) -> Tensor:
        """The expected code of each variable (13), [N,D]."""
        return torch.stack([self.probability(j, action) @ self.codebook[self.book[j]] for j in range(self.n)])

    def cross_entropy(self, after: Tensor, action: int) -> Tensor:
        """(7), nats a variable."""
        surprises = [-self.probability(j, action)[int(after[j])].log() for j in range(self.n)]
        return torch.stack(surprises).mean()

    def _state(self, j: int, mechanism: int) -> Tensor:
        """Messages of the parents of j (5), then the mechanism's update."""
        net, heads = self.net, self.net.heads
        message = [torch.zeros(len(net.position[j]) // heads) for _ in range(heads)]
        for i in range(self.n):
            edge = self._edge(i, j, mechanism)
            heard = self._varies(i) and (mechanism > 0 or self._varies(j))
            if i == j or edge <= 0.5 or not heard:
                continue
            values = net.values(self.seen[i]).chunk(heads)
            for s in range(heads):
                relation = net.relation_target[mechanism, j, s] @ net.relation_source[i, s]
                message[s] = message[s] + edge * relation * values[s]
        features = net.position[j]
        if mechanism > 0:
            features = self.seen[j] + net.action_embedding[mechanism - 1] + self._told(j, mechanism - 1)
        update = net.update
        x = features + update.enter(update.norm(torch.cat(message)))
        for k, (block, norm) in enumerate(zip(update.blocks, update.norms, strict=True)):
            x = x + block(norm(x) * (1 + update.scale[mechanism, k]) + update.shift[mechanism, k])
        state: Tensor = update.leave(x)
        return state

    def _edge(self, i: int, j: int, mechanism: int) -> Tensor:
        """α_ij (4): of the places' and codes' pair network; base edges know j by its place."""
        whom = self.net.position[j] if mechanism == 0 else self.seen[j]
        half = self.net.edge_heads.shape[1]
        hidden = torch.relu(self.net.pair(self.seen[i])[:half] + self.net.pair(whom)[half:])
        return (hidden @ self.net.edge_heads[mechanism] + self.net.edge_bias[mechanism]).sigmoid()

    def _told(self, j: int, action: int) -> Tensor:
        """What the action's node, which reads all variables, tells variable j."""
        node, heads = self.net.action_node, self.net.heads
        reading: list[Tensor] = []
        for s in range(heads):
            for r in range(READINGS):
                values = [self.net.values(self.seen[i]).chunk(heads)[s] for i in range(self.n)]
                told = [node.read[i, s, r] * values[i] for i in range(self.n) if self._varies(i)]
                reading.append(sum(told))  # type: ignore[arg-type]
        flat = torch.cat(reading)
        flat = (flat - flat.mean()) / (flat.var(unbiased=False) + 1e-5).sqrt()
        thought = node.think(torch.relu(node.enter(flat) + node.action[action]))
        answer: Tensor = node.tell(torch.relu(thought * node.place_scale[j] + node.place_shift[j]))
        return answer

    def _local_mask(self, j: int, action: int) -> Tensor:
        hidden = torch.relu(self.net.mask_variable(self.seen[j]) + self.net.mask_action[action])
        return self.net.mask_head(hidden)[0] + self.net.mask_place[action, j] - 1

    def _varies(self, j: int) -> bool:
        return bool(self.net.varies[j])

    def _codes(self, j: int, state: Tensor) -> Tensor:
        net, book = self.net, self.book[j]
        if not net.code_rank:
            return (net.code_embedding[book] @ state) / len(state) ** 0.5
        return (net.code_points[book] @ net.code_head(state)) / net.code_rank**0.5 + net.code_bias[book]
