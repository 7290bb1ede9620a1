"""The named results that leave the engine: plain numpy, ready to draw or to print.

Legend: Q codebooks, K codes per codebook, H x W latent grid, N = Q*H*W latent variables (nodes of the
causal graph, flattened codebook, row, column), A actions. Images are uint8 [height, width, channels].
Edges follow one convention: [i, j] means that i causes j.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace

Image = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RunInfo:
    """What a loaded run is.

    Attributes:
        name: short name ("bundled", or the directory's name).
        path: its directory.
        dataset: the name of the data set that it was trained on.
        space: the factors; `space.action_names` are the actions.
        image_shape: (height, width, channels) that the model takes.
        grid: (Q, H, W).
        num_codes: K.
        figures: test or validation figures that were saved with it, may be empty.
        fingerprint: of these very weights; another one means that codes of the old are read differently.
    """

    name: str
    path: Path
    dataset: str
    space: FactorSpace
    image_shape: tuple[int, int, int]
    grid: tuple[int, int, int]
    num_codes: int
    device: str
    step: int
    figures: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def num_variables(self) -> int:
        """N."""
        q, h, w = self.grid
        return q * h * w

    def variable_name(self, node: int) -> str:
        """Node index -> "codebook,row,column"."""
        return ",".join(str(int(i)) for i in np.unravel_index(node, self.grid))


@dataclass(frozen=True)
class LoadedImage:
    """An image made ready for the model.

    Attributes:
        note: what was converted, in words, or empty.
        source: where it is from, in words.
        factors: its factor values, where they are known.
        address: the same as the command line's `--image` takes it; empty for an image that is in no file.
    """

    image: Image
    note: str = ""
    source: str = ""
    factors: tuple[int, ...] | None = None
    address: str = ""


@dataclass(frozen=True)
class Reconstruction:
    """Standard mode. `autoencoded` decodes the image's own codes, `image` the codes that the causal layer
    predicts with no action; PSNR in dB against the input."""

    codes: Codes  # [N]
    image: Image
    autoencoded: Image
    psnr_db: float


@dataclass(frozen=True)
class Intervention:
    """The outcome of a do-action or do-variable on codes.

    Attributes:
        codes: the codes afterwards, [N].
        image: after a do-action decoded from the expected latents, whose nearest codes `codes` are
            (docs/model.md, 13); after a do-variable decoded from `codes`.
        moved: the variables whose code changed, [N].
        targets: the variables that were intervened on (mask of the action, or the set ones), [N].
    """

    codes: Codes
    image: Image
    moved: BoolArray
    targets: BoolArray


@dataclass(frozen=True)
class Acted:
    """Many do-actions, one an image: codes afterwards [B,N] and images [B, height, width, channels]."""

    codes: Codes
    images: Image


@dataclass(frozen=True)
class CausalGraph:
    """The causal graph the model sees in one image, under one action or none.

    Attributes:
        edges: edge probabilities [N, N]; [i, j] means i causes j; the diagonal is 0.
        mask: probability that the action targets each variable, [N]; zeros without an action.
        own: weight of each variable's own present code, [N].
        action: the action's name, or "none".
        base: edge probabilities without an action, [N, N], to compare with; without an action `edges` itself.
        images: of so many images all of these are means (engine/average_graph.py).
        spread: standard deviation of `edges` over the images, [N, N]; None where it is one image's graph.
    """

    edges: FloatArray
    mask: FloatArray
    own: FloatArray
    action: str
    base: FloatArray
    images: int = 1
    spread: FloatArray | None = None


@dataclass(frozen=True)
class Palette:
    """What the image becomes for codes of one variable, or of several at once, most likely first.

    Attributes:
        variable: the node.
        codes: [M] code indices, in 0..K-1.
        probabilities: p(code | the variable's parents), [M].
        images: [M, height, width, channels] decoded with do(variable := code), nothing else moved.
        current: the present code.
        effects: mean absolute change of a pixel against the decoded present codes, in 0..1, [M].
        others: nodes that get the same code as well; `probabilities` are geometric means over all.
    """

    variable: int
    codes: Codes
    probabilities: FloatArray
    images: Image
    current: int
    effects: FloatArray
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class TraversalRow:
    """One row of the traversal grid.

    Attributes:
        title: the factor or variable.
        labels: one a column ("-2", "0", "+1" or code indices).
        images: [columns, height, width, channels].
        codes: [columns, N], so that a cell can become the present state.
        effect: mean absolute change against the middle image, in 0..1.
    """

    title: str
    labels: tuple[str, ...]
    images: Image
    codes: Codes
    effect: float


class PairScores(NamedTuple):
    """How well each action explains each pair of a batch (docs/model.md, 7).

    Attributes:
        log_probability: log p(action), [B,A].
        cross_entropy: of the codes after under each action, nats per variable, [B,A].
        unchanged: the same where nothing is done, [B].
    """

    log_probability: FloatArray
    cross_entropy: FloatArray
    unchanged: FloatArray


@dataclass(frozen=True)
class Estimate:
    """What a training will take, before it begins; of (autoencoder, transition) where there are two.

    Attributes:
        step_s: seconds an optimizer step.
        steps: optimizer steps.
        seconds: of both phases, validations and checkpoints left out.
        parameters: of the model.
        memory_bytes: of weights, gradients, the optimizer's moments and the largest step.
        free_bytes: memory that is free now.
    """

    step_s: tuple[float, float]
    steps: tuple[int, int]
    seconds: float
    parameters: int
    memory_bytes: int
    free_bytes: int

    @property
    def fits(self) -> bool:
        """Whether the memory will do."""
        return self.memory_bytes < self.free_bytes


NO_ACTION, ONE_ACTION, SEVERAL_ACTIONS = range(3)
KINDS = ("no action", "one action", "more than one action")


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Causal mode: which action turned `before` into `after`.

    Attributes:
        action_names: the A actions, in the model's order.
        probabilities: p(action | it was one action), [A], sums to 1.
        cross_entropy: equation (7) of docs/model.md for each action, nats per variable, [A].
        order: all action indices, most probable first, [A].
        codes: of the two images, [2,N].
        identical: the two images have the same pixels: "no change", not an action.
        psnr: of the reconstructions of the two images, dB.
        psnr_floor: what nearly all images of the run's own kind reach, dB; None where it is not known.
        kinds: probability that no, one, or more than one action lies between the images, [3], in the order
            of `KINDS`; None where the run is not calibrated, or its data set has no factor labels.
        calibrated: whether the probabilities are calibrated (engine/calibration.py).
    """

    action_names: tuple[str, ...]
    probabilities: FloatArray
    cross_entropy: FloatArray
    order: npt.NDArray[np.int64]
    codes: Codes
    identical: bool
    psnr: tuple[float, float] = (np.inf, np.inf)
    psnr_floor: float | None = None
    kinds: FloatArray | None = None
    calibrated: bool = False

    @property
    def best(self) -> str:
        """The most probable action's name."""
        return self.action_names[int(self.order[0])]

    @property
    def margin(self) -> float:
        """How far the most probable action is ahead of the next, in 0..1."""
        ahead = self.probabilities[self.order[:2]]
        return float(ahead[0] - ahead[1]) if len(ahead) > 1 else float(ahead[0])

    @property
    def kind(self) -> int | None:
        """The most probable of `KINDS`; None where nothing is known of that."""
        if self.identical:
            return NO_ACTION
        return None if self.kinds is None else int(self.kinds.argmax())

    @property
    def changed(self) -> BoolArray:
        """Variables whose code differs between the two images, [N]."""
        return np.asarray(self.codes[0] != self.codes[1])

    @property
    def strange(self) -> tuple[bool, bool]:
        """Whether each image is unlike what the run was trained on: its reconstruction is too poor."""
        floor = -np.inf if self.psnr_floor is None else self.psnr_floor
        return self.psnr[0] < floor, self.psnr[1] < floor


@dataclass(frozen=True, eq=False)
class Explanation:
    """What an action would have made of the image before.

    Attributes:
        action: its index.
        image: the predicted image after, uint8 [height, width, channels].
        expected: the variables whose code it would have changed, [N].
        mask: probability that it targets each variable, [N].
        edges: edge probabilities under the action, [N,N], [i, j] means i causes j.
    """

    action: int
    image: Image
    expected: BoolArray
    mask: FloatArray
    edges: FloatArray


@dataclass(frozen=True, eq=False)
class ActionPath:
    """A sequence of actions from one image towards another, the best one found so far.

    Attributes:
        actions: in order, [L].
        codes: of the start and after each action, [L+1,N].
        images: decoded, [L+1, height, width, channels].
        distance: of the last codes to those that are sought, as a share of the distance at the start.
        tried: states that were looked at so far.
        finished: the search is over.
    """

    actions: tuple[int, ...]
    codes: Codes
    images: Image
    distance: float
    tried: int
    finished: bool


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Answers to some pairs of a split.

    Attributes:
        positions: of the pairs in their split, [n].
        truth, answer: action indices, [n].
        confidence: probability of the answer, [n].
        value: index of the moved factor's value before, [n]; -1 where it is not known.
        train_pairs: training pairs of each action, [A].
        total: pairs of the split.
        calibrated: whether the probabilities are.
    """

    positions: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int64]
    answer: npt.NDArray[np.int64]
    confidence: FloatArray
    value: npt.NDArray[np.int64]
    train_pairs: npt.NDArray[np.int64]
    total: int
    calibrated: bool = False

    def __len__(self) -> int:
        return len(self.positions)

    def joined(self, more: JudgedPairs) -> JudgedPairs:
        """These and more of the same split."""
        names = ("positions", "truth", "answer", "confidence", "value")
        both: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(more, name)]) for name in names
        }
        return JudgedPairs(**both, train_pairs=self.train_pairs, total=self.total, calibrated=self.calibrated)
