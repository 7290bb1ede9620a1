"""The causal transition layer: codes of an image, and an action, to the codes of the next image.

docs/model.md, section 2; the numbers in parentheses are its equations.

Legend: B batch, N latent variables, M targets among them, V of them that vary, K codes per codebook,
Q codebooks, A actions, G actions asked for each image (one row for all images where they are the same),
E width, S heads, P width of the pair network.

A variable that has one code in all training images says nothing and needs no telling: it sends no messages,
and in the base graph it gets none (`set_varying`).

Inside this file edges lie [.., target, source], because the messages are products in that order; what
leaves it (`base_edges`, `action_edges`) follows the project's one convention, [i, j] means i causes j.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.action_node import ActionNode
from engine.config import TransitionConfig

# Which edges carry messages: those above the threshold (5), weighted by their probability; all of them,
# weighted by it ("open") or at full weight ("full"); none ("cut").
Graph = Literal["learned", "open", "full", "cut"]

FIRST_PRICE, PRICES, PRICE_STEP = 0.2, (0.01, 100.0), 0.01


class Context(NamedTuple):
    """What depends on the image alone and is computed once for all actions."""

    embedded_BNE: Tensor
    values_BSVD: Tensor  # messages that each varying variable could send, D = E / S
    source_BVP: Tensor
    target_BNP: Tensor  # as an action's mechanism sees it, own code included
    place_1NP: Tensor  # as the base mechanism sees it: its place alone
    own_BN: Tensor  # logit of the base mechanism keeping the own code; -inf where hidden

    def of_first(self, count: int) -> Context:
        """That of the first `count` images."""
        return Context(*(part if part.shape[0] == 1 else part[:count] for part in self))


class Messages(NamedTuple):
    """Logits of the next code, of being a target, and the edge probabilities that carried the messages."""

    logits_BGMK: Tensor
    mask_BGM: Tensor  # what the state adds to the local mask logit; with `act` the whole logit (3)
    edges_BGMV: Tensor


class CausalTransition(nn.Module):
    """Mask network, pair network, and one graph step with a mechanism per action.

    Args:
        config: sizes.
        grid: (Q, H, W).
        num_codes: K.
        num_actions: A.
    """

    def __init__(
        self, config: TransitionConfig, grid: tuple[int, int, int], num_codes: int, num_actions: int
    ) -> None:
        super().__init__()
        q, h, w = grid
        n, e, s, p = q * h * w, config.width, config.heads, config.pair_width
        self.codebooks, self.num_variables, self.num_codes, self.num_actions = q, n, num_codes, num_actions
        self.heads, self.edge_noise = s, config.edge_noise
        self.code_embedding = nn.Parameter(torch.randn(q, num_codes, e) * 0.5)
        self.hidden_embedding = nn.Parameter(torch.zeros(e))
        self.position = nn.Parameter(torch.randn(n, e) * 0.5)
        self.action_embedding = nn.Parameter(torch.randn(num_actions, e) * 0.2)
        self.values = nn.Sequential(nn.Linear(e, e), nn.ReLU(), nn.Linear(e, e))
        self.pair = nn.Linear(e, 2 * p)
        # index 0 is the base mechanism, 1 + a that of action a
        self.edge_heads = nn.Parameter(torch.randn(1 + num_actions, p) * 0.1)
        self.edge_bias = nn.Parameter(torch.full((1 + num_actions,), 1.0))
        rank = 16
        self.relation_target = nn.Parameter(torch.randn(1 + num_actions, n, s, rank) * rank**-0.5)
        self.relation_source = nn.Parameter(torch.randn(n, s, rank) * 0.5)
        self.action_node = ActionNode(n, num_actions, e, s, config.action_width)
        self.mask_variable = nn.Linear(e, config.mask_width)
        self.mask_action = nn.Parameter(torch.randn(num_actions, config.mask_width) * 0.2)
        self.mask_head = nn.Linear(config.mask_width, 1)
        self.mask_place = nn.Parameter(torch.zeros(num_actions, n))
        self.mask_state = nn.Linear(e, 1)
        nn.init.zeros_(self.mask_state.weight)
        nn.init.zeros_(self.mask_state.bias)
        self.own = nn.Linear(e, 1)
        nn.init.constant_(self.own.bias, 3.0)
        self.update = Update(e, config.depth, 1 + num_actions)
        self.register_buffer("codebook_of_variable", torch.arange(q).repeat_interleave(h * w))
        self.register_buffer("not_self", 1 - torch.eye(n))
        self.register_buffer("edge_price", torch.tensor(FIRST_PRICE))
        self.register_buffer("varies", torch.ones(n, dtype=torch.bool))
        self.code_rank = config.code_rank
        if config.code_rank:
            self.code_head = nn.Linear(e, config.code_rank)
            self.code_points = nn.Parameter(torch.randn(q, num_codes, config.code_rank))
            self.code_bias = nn.Parameter(torch.zeros(q, num_codes))
        # follows from `varies`; None stands for all variables, which is the quicker way
        self.register_buffer("senders", None, persistent=False)
        self._find_senders()
        self.register_load_state_dict_post_hook(lambda layer, _keys: layer._find_senders())

    codebook_of_variable: Tensor
    not_self: Tensor
    edge_price: Tensor  # weight of the mean base edge probability in training (10)
    varies: Tensor  # bool [N]
    senders: Tensor | None  # the variables that vary, [V]

    def set_varying(self, varies_N: Tensor) -> None:
        """Which variables have more than one code; the others have no part in the base graph.

        Where fewer than two vary no graph would be left: all stay in.
        """
        self.varies.copy_(varies_N if int(varies_N.sum()) > 1 else torch.ones_like(varies_N))
        self._find_senders()

    def _find_senders(self) -> None:
        found = self.varies.nonzero()[:, 0]
        count, everyone = len(found), self.num_variables
        self.senders = None if count == everyone else found
        # share of the N (N - 1) edges that the base graph could have
        self.edges_that_can_be = count * (count - 1) / max(1, everyone * (everyone - 1))

    def _of_senders(self, x: Tensor, dim: int) -> Tensor:
        return x if self.senders is None else x.index_select(dim, self.senders)

    def _widened(self, edges_BMV: Tensor) -> Tensor:
        """Edges from varying variables -> from all, those of the others 0, [B,M,N]."""
        if self.senders is None:
            return edges_BMV
        wide = edges_BMV.new_zeros(*edges_BMV.shape[:-1], self.num_variables)
        return wide.index_copy(2, self.senders, edges_BMV)

    @torch.no_grad()
    def start_from(self, codebook_QKD: Tensor) -> None:
        """Embeds codes as the codebooks place them, so that codes that look alike start alike."""
        centred = codebook_QKD - codebook_QKD.mean(dim=1, keepdim=True)
        scaled = centred / centred.square().mean().sqrt().clamp_min(1e-6)
        self.code_embedding.copy_(0.5 * _laid_into(scaled, self.code_embedding.shape[2]))
        if self.code_rank:
            self.code_points.copy_(_laid_into(scaled, self.code_rank))

    @torch.no_grad()
    def bargain(self, drawn: Tensor, wanted: float) -> None:
        """Moves the price of base edges a little, up where more of them are drawn than wanted.

        A fixed price leaves too many edges after a short training and hardly any after a long one.

        Args:
            drawn: share of base edges above the threshold at present, a number on the layer's device.
            wanted: the share to have.
        """
        step = PRICE_STEP * ((drawn - wanted) / wanted).clamp(-1, 1)
        self.edge_price = (self.edge_price * step.exp()).clamp(*PRICES)  # the loss may still need the old one

    def context(self, codes_BN: Tensor, hidden_BN: Tensor | None = None) -> Context:
        """Embeds codes; hidden variables (bool [B,N]) show nothing of their code to anybody (11)."""
        row_BN = self.codebook_of_variable * self.num_codes + codes_BN
        embedded = F.embedding(row_BN, self.code_embedding.flatten(0, 1))
        if hidden_BN is not None:
            embedded = torch.where(hidden_BN[..., None], self.hidden_embedding, embedded)
        embedded = embedded + self.position
        own = self.own(embedded)[..., 0].float()
        if hidden_BN is not None:
            own = own.masked_fill(hidden_BN, -torch.inf)
        sent = self._of_senders(embedded, 1)
        values = self.values(sent).unflatten(2, (self.heads, -1)).transpose(1, 2)
        source, target = self.pair(embedded).chunk(2, dim=2)
        source = self._of_senders(source, 1)
        place = self.pair(self.position).chunk(2, dim=1)[1][None]
        return Context(embedded, values, source, target, place, own)

    def local_mask(self, context: Context, actions_BG: Tensor) -> Tensor:
        """What a variable's own code and place say about its being a target, logits [B,G,N].

        Cheap, so that in training it can choose the variables worth a closer look; `act` completes it.
        """
        variable = self.mask_variable(context.embedded_BNE)
        hidden = (variable[:, None] + self.mask_action[actions_BG][:, :, None]).relu_()
        logits: Tensor = self.mask_head(hidden)[..., 0] + self.mask_place[actions_BG] - 1.0
        return logits

    def targets_that_fit(self, images: int, actions: int, memory: int) -> int:
        """For how many variables of each image all that leads to their next codes fits into so many bytes."""
        per_source = 3 * self.edge_heads.shape[1] + actions * (4 + 3 * self.heads)
        per_target = actions * (8 * self.position.shape[1] + 4 * self.num_codes)
        bytes_each = 4 * images * (self.num_variables * per_source + per_target)
        return max(1, memory // bytes_each)

    def base(self, context: Context, targets_BM: Tensor | None = None, graph: Graph = "learned") -> Messages:
        """Base mechanism from the parents only, own code not seen (11); G = 1."""
        return self._step(context, self._mechanism(0), targets_BM, graph)

    def act(
        self,
        context: Context,
        actions_BG: Tensor,
        targets_BM: Tensor | None = None,
        local_BGN: Tensor | None = None,
    ) -> Messages:
        """The actions' mechanisms, for variables that are their targets; they see their own code.

        Whether they are targets (3) depends on the whole image: what moves when the view turns is where
        edges are, and the variable alone cannot know how far. `local_BGN` is the local mask, if it is known.
        """
        told = self.action_node(context.values_BSVD, actions_BG, targets_BM, self.senders)
        found = self._step(context, 1 + actions_BG, targets_BM, told=told)
        local_BGM = self.local_mask(context, actions_BG) if local_BGN is None else local_BGN
        if targets_BM is not None:
            local_BGM = local_BGM.gather(2, targets_BM[:, None].expand(-1, actions_BG.shape[1], -1))
        return found._replace(mask_BGM=local_BGM + found.mask_BGM)

    def base_edges(self, context: Context) -> Tensor:
        """Edge probabilities of the base graph (4), [B,N,N], [i, j] means i causes j."""
        edges_BNV = self._edge_logits(context, self._mechanism(0), None, base=True).sigmoid()[:, 0]
        edges: Tensor = self._widened(edges_BNV) * self.not_self * self.varies[:, None]
        return edges.transpose(1, 2)

    def action_edges(self, context: Context, action: int, mask_BN: Tensor) -> Tensor:
        """Edge probabilities under an action: the columns of its targets are replaced (4), [B,N,N]."""
        logits_BNV = self._edge_logits(context, self._mechanism(1 + action), None)[:, 0]
        edges = self._widened(logits_BNV.sigmoid()) * self.not_self
        return torch.where(mask_BN[:, None], edges.transpose(1, 2), self.base_edges(context))

    def _mechanism(self, index: int) -> Tensor:
        """One mechanism for all images, [1,1]."""
        return torch.full((1, 1), index, device=self.not_self.device)

    def _edge_logits(
        self, context: Context, mechanism_BG: Tensor, targets_BM: Tensor | None, base: bool = False
    ) -> Tensor:
        """[B,G,M,V]; the pair network's first layer is split in a source and a target part.

        One call asks for the base mechanism alone or for actions alone. Base edges do not depend on the
        target's own code, so they are the same whether it is hidden or not.
        """
        target = context.place_1NP if base else context.target_BNP
        target = target if targets_BM is None else _pick(target.expand(len(targets_BM), -1, -1), targets_BM)
        hidden_BMVP = (target[:, :, None] + context.source_BVP[:, None]).relu_()
        heads_BGP = self.edge_heads[mechanism_BG]
        b, m, v, p = hidden_BMVP.shape
        heads = heads_BGP[0].T if len(heads_BGP) == 1 else heads_BGP.transpose(1, 2)
        logits = hidden_BMVP.reshape(b, m * v, p) @ heads
        return logits.transpose(1, 2).unflatten(2, (m, v)) + self.edge_bias[mechanism_BG][..., None, None]

    def _step(
        self,
        context: Context,
        mechanism_BG: Tensor,
        targets_BM: Tensor | None,
        graph: Graph = "learned",
        told: Tensor | None = None,
    ) -> Messages:
        """Messages over the sampled graph (5), then the mechanism's update (6)."""
        g = mechanism_BG.shape[1]
        gate_BGMV, edges_BGMV = self._gate(context, mechanism_BG, targets_BM, graph, base=told is None)
        pairs_NV = self._of_senders(self.not_self, 1)
        if told is None and self.senders is not None:
            pairs_NV = pairs_NV * self.varies[:, None]
        pairs = pairs_NV if targets_BM is None else pairs_NV[targets_BM][:, None]
        m = gate_BGMV.shape[2]
        gate_B1XV = (gate_BGMV * pairs).flatten(1, 2)[:, None]  # X = (G M)
        weight_BSXV = self._relation(mechanism_BG, targets_BM) * gate_B1XV
        messages = torch.matmul(weight_BSXV, context.values_BSVD)  # B S X D
        messages_BGME = messages.transpose(1, 2).flatten(2).unflatten(1, (g, m))
        if told is None:
            place = self.position if targets_BM is None else F.embedding(targets_BM, self.position)[:, None]
            hidden = self.update(messages_BGME, place, mechanism_BG)
        else:
            own = context.embedded_BNE if targets_BM is None else _pick(context.embedded_BNE, targets_BM)
            acted = own[:, None] + self.action_embedding[mechanism_BG - 1][:, :, None]
            hidden = self.update(messages_BGME, acted + told, mechanism_BG)
        return Messages(self._code_logits(hidden, targets_BM), self.mask_state(hidden)[..., 0], edges_BGMV)

    def _relation(self, mechanism_BG: Tensor, targets_BM: Tensor | None) -> Tensor:
        """How each head weighs a source for a target, by their places and the mechanism, [B,S,(G M),V]."""
        if targets_BM is None:
            target_BGMSR = self.relation_target[mechanism_BG]
        else:
            # looked up as embeddings, whose gradients torch adds up far faster than an index's
            row_BGM = mechanism_BG[:, :, None] * self.num_variables + targets_BM[:, None]
            table = self.relation_target.flatten(2).flatten(0, 1)
            target_BGMSR = F.embedding(row_BGM, table).unflatten(3, (self.heads, -1))
        target_BSXR = target_BGMSR.permute(0, 3, 1, 2, 4).flatten(2, 3)
        return torch.matmul(target_BSXR, self._of_senders(self.relation_source, 0).permute(1, 2, 0))

    def _gate(
        self, context: Context, mechanism_BG: Tensor, targets_BM: Tensor | None, graph: Graph, base: bool
    ) -> tuple[Tensor, Tensor]:
        """The weight of each message and the edge probability behind it, in 0..1, [B,G,M,V] twice."""
        if graph in ("full", "cut"):  # nobody asks the pair network
            b, _, v, _ = context.values_BSVD.shape
            m = self.num_variables if targets_BM is None else targets_BM.shape[1]
            shape = (b, mechanism_BG.shape[1], m, v)
            gate_BGMV = context.values_BSVD.new_full(shape, float(graph == "full"))
            return gate_BGMV, gate_BGMV
        logits_BGMV = self._edge_logits(context, mechanism_BG, targets_BM, base)
        edges_BGMV = logits_BGMV.sigmoid()
        if graph == "open":
            return edges_BGMV, edges_BGMV
        return self._sample(logits_BGMV, edges_BGMV) * edges_BGMV, edges_BGMV

    def _sample(self, logits: Tensor, edges: Tensor) -> Tensor:
        """The threshold 0.5, in training after Gumbel noise and with a straight-through gradient (5).

        The noise is narrower than a Bernoulli draw's (whose scale is 1): an edge that carries something has
        to pass the threshold, instead of being drawn now and then from far below it.
        """
        if not self.training:
            return (logits > 0).to(edges.dtype)
        uniform = torch.rand_like(logits).clamp_(1e-6, 1 - 1e-6)
        hard = (logits + self.edge_noise * torch.logit(uniform) > 0).to(edges.dtype)
        return hard + edges - edges.detach()

    def _code_logits(self, hidden_BGME: Tensor, targets_BM: Tensor | None) -> Tensor:
        """Similarity with the codes of each variable's codebook, [B,G,M,K].

        In all of the width the codes' embeddings are compared with, in fewer dimensions points of their own.
        """
        if self.code_rank:
            asked, points, bias = self.code_head(hidden_BGME), self.code_points, self.code_bias
        else:
            asked, points, bias = hidden_BGME, self.code_embedding, None
        points = points * asked.shape[-1] ** -0.5
        if self.codebooks == 1:
            logits: Tensor = asked @ points[0].T
            return logits if bias is None else logits + bias[0]
        if targets_BM is None:
            grouped = torch.einsum("bgqpe,qke->bgqpk", asked.unflatten(2, (self.codebooks, -1)), points)
            grouped = grouped if bias is None else grouped + bias[:, None]
            return grouped.flatten(2, 3)
        logits_BGMQK = torch.einsum("bgme,qke->bgmqk", asked, points)
        logits_BGMQK = logits_BGMQK if bias is None else logits_BGMQK + bias
        which = self.codebook_of_variable[targets_BM][:, None, :, None, None]
        shape = (*logits_BGMQK.shape[:3], 1, self.num_codes)
        return logits_BGMQK.gather(3, which.expand(shape))[:, :, :, 0]


class Update(nn.Module):
    """From messages and features to the state that names the next code; modulated by the mechanism."""

    def __init__(self, width: int, depth: int, mechanisms: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.zeros(mechanisms, depth, width))
        self.shift = nn.Parameter(torch.zeros(mechanisms, depth, width))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(inplace=True), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.leave = nn.LayerNorm(width)

    def forward(self, messages_BGME: Tensor, features: Tensor, mechanism_BG: Tensor) -> Tensor:
        """[B,G,M,E] -> [B,G,M,E]; the features may lack what is the same for all images."""
        x = features + self.enter(self.norm(messages_BGME))
        scale, shift = self.scale[mechanism_BG], self.shift[mechanism_BG]  # B G depth E
        for k, (block, norm) in enumerate(zip(self.blocks, self.norms, strict=True)):
            modulated = norm(x) * (1 + scale[:, :, None, k]) + shift[:, :, None, k]
            x = x + block(modulated)
        out: Tensor = self.leave(x)
        return out


def _laid_into(points_QKD: Tensor, width: int) -> Tensor:
    """Points in a space of another width, as large an entry, by a random map with orthogonal directions.

    For D <= width it keeps all angles.
    """
    size = points_QKD.shape[2]
    mixed = torch.randn(max(width, size), min(width, size), device=points_QKD.device)
    basis = torch.linalg.qr(mixed).Q  # its columns are orthogonal
    into = basis.T if size <= width else basis
    return (width / size) ** 0.5 * points_QKD @ into


def _pick(x_BNE: Tensor, targets_BM: Tensor) -> Tensor:
    """Rows of the targets, [B,M,E]."""
    return x_BNE.gather(1, targets_BM[..., None].expand(-1, -1, x_BNE.shape[2]))
