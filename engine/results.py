"""The named results that leave the engine: plain numpy, ready to draw or to print.

Legend: Q codebooks, K codes per codebook, H x W latent grid, N = Q*H*W latent variables (nodes of the
causal graph, flattened codebook, row, column), A actions. Images are uint8 [height, width, channels].
Edges follow one convention: [i, j] means that i causes j.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(frozen=True)
class Retrieval:
    """Causal mode: which action turned `before` into `after`.

    Attributes:
        action_names: the A actions, in the model's order.
        probabilities: p(action), [A], sums to 1.
        cross_entropy: equation (7) of docs/model.md for each action, nats per variable, [A].
        predicted: the predicted after-image of the most probable actions, [top, height, width, channels].
        order: all action indices, most probable first, [A]; `predicted[k]` belongs to `order[k]`.
        changed: variables whose code differs between the two images, [N].
        expected: for each of the top actions, the variables it was expected to change, [top, N].
        identical: the two images have the same pixels: "no change", not an action.
    """

    action_names: tuple[str, ...]
    probabilities: FloatArray
    cross_entropy: FloatArray
    order: npt.NDArray[np.int64]
    predicted: Image
    changed: BoolArray
    expected: BoolArray
    identical: bool

    @property
    def best(self) -> str:
        """The most probable action's name."""
        return self.action_names[int(self.order[0])]
