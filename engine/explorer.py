"""Explorer: a trained model as one plain object, numpy in and numpy out.

    explorer = Explorer.load("bundled")
    codes = explorer.encode(image)
    after = explorer.apply_action(codes, explorer.info.space.action_index("object_hue+"))

The window, the command line and a notebook share it. The same question always has the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.batches import to_images, to_tensor
from engine.checkpoint import load_checkpoint, restore_model
from engine.device import choose_device, limit_threads
from engine.errors import InputError
from engine.metrics.images import psnr_db
from engine.model import CTVAE
from engine.results import (
    Acted,
    CausalGraph,
    Codes,
    FloatArray,
    Image,
    Intervention,
    PairScores,
    Palette,
    Reconstruction,
    RunInfo,
)
from engine.run_directory import BUNDLED, RunDirectory, resolve_run
from engine.session import fingerprint
from engine.transition import CausalTransition

SWEEPS = 4
RETRIEVAL_BATCH = 32
ACTION_BATCH = 64
Others = tuple[int, ...]  # further variables, node indices


class Explorer:
    """Encode, reconstruct, intervene, traverse, retrieve, and see the graph, with one trained run.

    Args:
        model: the weights, on their device.
        info: what the run is.
    """

    def __init__(self, model: CTVAE, info: RunInfo) -> None:
        self._model = model.eval()
        self._device = model.log_sharpness.device
        self.info = info

    @property
    def transition(self) -> CausalTransition:
        """The causal transition layer, in inference mode, for figures of its graph."""
        return self._model.transition

    @classmethod
    def load(
        cls, run: str | Path, device: str = "auto", threads: int | None = None, newest: bool = False
    ) -> Explorer:
        """Loads the best checkpoint of a run.

        Args:
            run: "bundled", a directory, or a name in the home folder.
            device: "auto", "cpu", "cuda", "mps".
            threads: torch threads, None for all cores.
            newest: the last checkpoint instead, of a training that goes on.

        Raises:
            RunError: no such run, no checkpoint, damaged, or of another version.
            InputError: no such device, or more threads than cores.
        """
        chosen = choose_device(device)
        limit_threads(threads)
        directory = RunDirectory(resolve_run(run))
        description = directory.description()
        path = directory.last if newest and directory.last.is_file() else directory.weights()
        checkpoint = load_checkpoint(path)
        with torch.random.fork_rng(devices=[]):  # a training in this thread keeps its random numbers
            model = CTVAE(description.config, description.image_shape, description.space.num_actions)
        restore_model(model, checkpoint, path)
        model.to(chosen)
        step = int(checkpoint.meta.get("step", 0))
        codebook = model.autoencoder.quantizer.codebook_QKD.cpu().numpy()
        info = RunInfo(
            name="bundled" if directory.path == BUNDLED else directory.path.name,
            path=directory.path,
            dataset=description.dataset,
            space=description.space,
            image_shape=description.image_shape,
            grid=model.autoencoder.grid,
            num_codes=description.config.autoencoder.codes,
            device=str(chosen),
            step=step,
            figures={str(k): float(v) for k, v in checkpoint.meta.get("figures", {}).items()},
            fingerprint=fingerprint(description.config.to_json(), step, codebook),
        )
        return cls(model, info)

    @torch.no_grad()
    def encode(self, image: Image) -> Codes:
        """Image uint8 [h,w,c] -> codes [N]; or images [B,h,w,c] -> [B,N].

        Raises:
            InputError: the image has another shape than the model takes.
        """
        if image.shape[-3:] != self.info.image_shape or image.ndim not in (3, 4):
            raise InputError(
                f"the model takes images of shape {self.info.image_shape}, not {image.shape};"
                " convert it with datasets.images.convert_image"
            )
        batch = image if image.ndim == 4 else image[None]
        codes: Codes = self._model.encode(to_tensor(batch, self._device)).cpu().numpy()
        return codes if image.ndim == 4 else codes[0]

    @torch.no_grad()
    def decode(self, codes: Codes) -> Image:
        """Codes [N] -> image uint8 [h,w,c]; or [B,N] -> [B,h,w,c].

        Raises:
            InputError: a code outside 0..K-1.
        """
        images = to_images(self._model.decode(self._codes(codes)))
        return images if codes.ndim == 2 else images[0]

    @torch.no_grad()
    def reconstruct(self, image: Image) -> Reconstruction:
        """Standard mode: what the model makes of an image when nothing is done to it."""
        codes = self.encode(image)
        following = self._model.reconstruct(self._codes(codes)).latents_BPQD
        decoded = self._model.decode(self._codes(codes))
        psnr = float(psnr_db(decoded, to_tensor(image[None], self._device))[0])
        image = to_images(self._model.autoencoder.decode_latents(following))[0]
        return Reconstruction(codes, image, to_images(decoded)[0], psnr)

    @torch.no_grad()
    def apply_action(self, codes: Codes, action: int) -> Intervention:
        """Action mode, one step: codes [N] after the action.

        Raises:
            InputError: the action does not exist, or a code lies outside 0..K-1.
        """
        self._check_action(action)
        following = self._model.apply_action(self._codes(codes), torch.tensor([action], device=self._device))
        after: Codes = following.codes_BN[0].cpu().numpy()
        targets = following.mask_BN[0].cpu().numpy() > 0.5
        image = to_images(self._model.autoencoder.decode_latents(following.latents_BPQD))[0]
        return Intervention(after, image, after != codes, targets)

    @torch.no_grad()
    def apply_actions(self, codes: Codes, actions: npt.NDArray[np.int64]) -> Acted:
        """Action mode for many images, one step: codes [B,N] and actions [B] -> codes and images after them.

        Raises:
            InputError: an action does not exist, a code lies outside 0..K-1, or the lengths differ.
        """
        if len(codes) != len(actions):
            raise InputError(f"there are {len(codes)} images but {len(actions)} actions")
        for action in np.unique(actions):
            self._check_action(int(action))
        asked = torch.from_numpy(np.asarray(actions, dtype=np.int64)).to(self._device)
        after, images = np.empty_like(codes), np.empty((len(codes), *self.info.image_shape), dtype=np.uint8)
        for start in range(0, len(codes), ACTION_BATCH):
            part = slice(start, start + ACTION_BATCH)
            following = self._model.apply_action(self._codes(codes[part]), asked[part])
            after[part] = following.codes_BN.cpu().numpy()
            images[part] = to_images(self._model.autoencoder.decode_latents(following.latents_BPQD))
        return Acted(after, images)

    @torch.no_grad()
    def latents(self, codes: Codes) -> FloatArray:
        """Codes [B,N] -> flattened quantized latents [B,N*D]: the codes' vectors, variable by variable.

        Raises:
            InputError: a code outside 0..K-1.
        """
        q, h, w = self.info.grid
        quantizer = self._model.autoencoder.quantizer
        vectors_BPQD = quantizer.codes_to_latents(self._codes(codes).unflatten(1, (q, h * w)))
        flat: FloatArray = vectors_BPQD.transpose(1, 2).flatten(1).float().cpu().numpy()
        return flat

    @torch.no_grad()
    def do(self, codes: Codes, assignments: dict[int, int], propagate: bool) -> Intervention:
        """Variables set to codes by hand (docs/model.md, section 3).

        Direct: nothing else moves. Propagated: what the set variables cause in the base graph follows, in
        at most four sweeps. In each, the children of what moved are predicted from their parents twice, as
        things were and as they are now; a child takes the new prediction where the two differ.

        Raises:
            InputError: a variable or a code does not exist.
        """
        targets = np.zeros(self.info.num_variables, dtype=bool)
        after = codes.copy()
        for variable, code in assignments.items():
            self._check_variable(variable)
            if not 0 <= code < self.info.num_codes:
                raise InputError(f"there is no code {code}; codes are 0 to {self.info.num_codes - 1}")
            after[variable], targets[variable] = code, True
        if propagate and targets.any():
            after = self._propagate(codes, after, targets)
        return Intervention(after, self.decode(after), after != codes, targets)

    def _propagate(self, before: Codes, after: Codes, targets: npt.NDArray[np.bool_]) -> Codes:
        """The sweeps of a propagated intervention.

        Comparing two predictions, not prediction and code, keeps the model's own errors out: a child whose
        parents say the same as before stays.
        """
        edges = self.graph(before, None).edges > 0.5
        moved = targets & (after != before)
        for _ in range(SWEEPS):
            reached = edges[moved].any(axis=0) & ~targets
            if not reached.any():
                break
            hidden = torch.from_numpy(np.stack([reached, reached])).to(self._device)
            both = self._codes(np.stack([before, after]))
            was, now = self._model.predict_hidden(both, hidden).argmax(dim=2).cpu().numpy()
            following = np.where(reached & (was != now), now, after)
            if (following == after).all():
                break
            moved = following != after
            after = following
        return after

    @torch.no_grad()
    def graph(self, codes: Codes, action: int | None = None) -> CausalGraph:
        """The causal graph that the model sees in codes [N], under an action or none.

        Raises:
            InputError: the action does not exist.
        """
        context = self._model.transition.context(self._codes(codes))
        own: FloatArray = context.own_BN[0].sigmoid().cpu().numpy()
        base = edges = self._model.transition.base_edges(context)
        if action is None:
            mask = torch.zeros_like(context.own_BN)
        else:
            self._check_action(action)
            asked = torch.tensor([[action]], device=context.own_BN.device)
            mask = self._model.transition.act(context, asked).mask_BGM[:, 0].sigmoid()
            edges = self._model.transition.action_edges(context, action, mask > 0.5)
        name = "none" if action is None else self.info.space.action_names[action]
        shown, targets, without = (part[0].cpu().numpy() for part in (edges, mask, base))
        return CausalGraph(shown, targets, own, name, without)

    def palette(self, codes: Codes, variable: int, limit: int = 32, others: Others = ()) -> Palette:
        """What the image becomes for the codes of a variable, most likely first given its parents.

        At most `limit` codes; the present one is always among them. `others` are variables that get the
        same code as well, each of its own codebook; the likelihood is then the geometric mean over all.

        Raises:
            InputError: a variable does not exist.
        """
        order, probability = self._likeliest(codes, variable, limit, others)
        return self._palette_of(codes, (variable, *others), order[: max(1, limit)], probability)

    def palette_rest(
        self, codes: Codes, variable: int, after: int = 32, part: int = 32, others: Others = ()
    ) -> Iterator[Palette]:
        """The codes that `palette(codes, variable, after)` leaves out, most likely first, `part` at a time.

        Raises:
            InputError: a variable does not exist.
        """
        order, probability = self._likeliest(codes, variable, after, others)
        for start in range(max(1, after), len(order), part):
            yield self._palette_of(codes, (variable, *others), order[start : start + part], probability)

    @torch.no_grad()
    def _likeliest(self, codes: Codes, variable: int, limit: int, others: Others) -> tuple[Codes, FloatArray]:
        """All codes of a variable, most likely first, [K], and p(code | its parents), [K] by code.

        The present code stands last among the first `limit` where it is less likely than they are.
        """
        chosen = [variable, *others]
        for one in chosen:
            self._check_variable(one)
        hidden = torch.zeros(1, self.info.num_variables, dtype=torch.bool, device=self._device)
        hidden[0, chosen] = True
        probability = self._model.predict_hidden(self._codes(codes), hidden)[0, chosen].mean(dim=0).exp()
        order: Codes = probability.argsort(descending=True, stable=True).cpu().numpy()
        place = int(np.flatnonzero(order == codes[variable])[0])
        last = max(1, limit) - 1
        if place > last:
            order = np.insert(np.delete(order, place), last, order[place])
        return order, probability.cpu().numpy()

    def _palette_of(self, codes: Codes, variables: Others, chosen: Codes, probability: FloatArray) -> Palette:
        """The palette of some codes [M], each given to all of the variables, of which the first counts."""
        cells = np.repeat(codes[None], len(chosen), axis=0)
        cells[:, variables] = chosen[:, None]
        images, present = self.decode(cells), self.decode(codes)
        images[(cells == codes).all(axis=1)] = present  # rounding may differ a little between batch sizes
        change = np.abs(images - present.astype(np.float32))
        effects: FloatArray = change.mean(axis=(1, 2, 3), dtype=np.float32) / 255
        first, *others = variables
        return Palette(first, chosen, probability[chosen], images, int(codes[first]), effects, tuple(others))

    @torch.no_grad()
    def retrieve_codes(self, before: Codes, after: Codes) -> PairScores:
        """Causal mode: how well each action explains each of the pairs of codes [B,N].

        Raises:
            InputError: a code outside 0..K-1.
        """
        parts = []
        for start in range(0, len(before), RETRIEVAL_BATCH):
            part = slice(start, start + RETRIEVAL_BATCH)
            parts.append(self._model.retrieve_action(self._codes(before[part]), self._codes(after[part])))
        joined = (torch.cat(values).float().cpu().numpy() for values in zip(*parts, strict=True))
        return PairScores(*joined)

    @torch.no_grad()
    def next_codes(self, codes: Codes, actions: npt.NDArray[np.int64]) -> Codes:
        """Action mode for many images, one step, nothing decoded: codes [B,N] and actions [B] -> codes [B,N].

        Raises:
            InputError: a code outside 0..K-1.
        """
        asked, after = torch.from_numpy(np.asarray(actions, dtype=np.int64)).to(self._device), codes.copy()
        for start in range(0, len(codes), ACTION_BATCH):
            part = slice(start, start + ACTION_BATCH)
            following = self._model.apply_action(self._codes(codes[part]), asked[part])
            after[part] = following.codes_BN.cpu().numpy()
        return after

    def _codes(self, codes: Codes) -> Tensor:
        batch = codes if codes.ndim == 2 else codes[None]
        if batch.shape[1] != self.info.num_variables:
            raise InputError(f"the model has {self.info.num_variables} variables, not {batch.shape[1]}")
        if batch.size and not (batch.min() >= 0 and batch.max() < self.info.num_codes):
            raise InputError(f"codes are 0 to {self.info.num_codes - 1}; one lies outside")
        return torch.from_numpy(np.ascontiguousarray(batch, dtype=np.int64)).to(self._device)

    def _check_action(self, action: int) -> None:
        if not 0 <= action < self.info.space.num_actions:
            raise InputError(
                f"there is no action {action}; actions are 0 to {self.info.space.num_actions - 1}"
            )

    def _check_variable(self, variable: int) -> None:
        if not 0 <= variable < self.info.num_variables:
            raise InputError(
                f"there is no variable {variable}; variables are 0 to {self.info.num_variables - 1}"
            )
