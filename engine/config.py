"""Frozen, validated declarations of everything that a training depends on.

A preset is a JSON file in `resources/presets`; `Config.from_json` refuses unknown keys, so a misspelt
setting fails at once.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import InputError

PRESETS = Path(__file__).resolve().parent.parent / "resources" / "presets"


def _check(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)


@dataclass(frozen=True)
class AutoencoderConfig:
    """The quantized autoencoder (docs/model.md, section 1).

    Attributes:
        codebooks: Q, number of codebooks.
        codes: K, codes per codebook.
        code_size: D, length of a code.
        width: channels of the hidden layers.
        encoder_blocks: residual blocks of the encoder, each widening its view by one latent cell.
        decoder_blocks: residual blocks of the decoder.
        detail_width: channels of the decoder's last hidden layer, of which the pixels of a patch are made.
        patch: image pixels per latent cell and side; the grid is image size / patch.
        commitment: weight of the commitment loss, a mean over the code's entries.
        decay: of the codebooks' exponential moving average, per step.
        dead_after: a code that stayed below this share of uniform use is revived from data.
        warm_up: optimizer steps before the codebooks start; until then latents pass unquantized.
    """

    codebooks: int = 1
    codes: int = 256
    code_size: int = 32
    width: int = 128
    encoder_blocks: int = 0
    decoder_blocks: int = 2
    detail_width: int = 512
    patch: int = 8
    commitment: float = 0.025
    decay: float = 0.97
    dead_after: float = 0.03
    warm_up: int = 100

    def __post_init__(self) -> None:
        _check(self.codebooks >= 1, "autoencoder.codebooks must be at least 1")
        _check(2 <= self.codes <= 65536, "autoencoder.codes must lie in 2 to 65536")
        _check(self.code_size >= 1, "autoencoder.code_size must be at least 1")
        _check(
            self.width >= 8 and self.width % 2 == 0, "autoencoder.width must be an even number of at least 8"
        )
        _check(self.detail_width >= 8, "autoencoder.detail_width must be at least 8")
        _check(self.commitment >= 0 and self.dead_after >= 0, "autoencoder weights must not be negative")
        _check(self.patch in (4, 8, 16), "autoencoder.patch must be 4, 8 or 16")
        _check(self.warm_up >= 0, "autoencoder.warm_up must not be negative")
        _check(0 < self.decay < 1, "autoencoder.decay must lie between 0 and 1")
        _check(min(self.encoder_blocks, self.decoder_blocks) >= 0, "autoencoder blocks must not be negative")


@dataclass(frozen=True)
class TransitionConfig:
    """The causal transition layer (docs/model.md, section 2).

    Attributes:
        width: size of a variable's hidden state.
        heads: position-dependent message channels per edge.
        pair_width: hidden size of the pair network that gives the edge probabilities.
        action_width: size of what an action node tells its targets.
        mask_width: hidden size of the mask network.
        depth: residual layers after the messages.
        edge_noise: scale of the Gumbel noise on edge logits in training; 1 draws Bernoulli edges.
        code_rank: dimensions in which the next code is scored; 0 scores it in all of `width`.
    """

    width: int = 128
    heads: int = 4
    pair_width: int = 16
    action_width: int = 256
    mask_width: int = 32
    depth: int = 2
    edge_noise: float = 0.3
    code_rank: int = 0

    def __post_init__(self) -> None:
        _check(self.width >= 8, "transition.width must be at least 8")
        _check(
            self.heads >= 1 and self.width % self.heads == 0,
            "transition.width must be a multiple of transition.heads",
        )
        widths = (self.pair_width, self.mask_width, self.action_width)
        _check(min(widths) >= 1, "transition widths must be at least 1")
        _check(self.depth >= 1, "transition.depth must be at least 1")
        _check(self.edge_noise >= 0, "transition.edge_noise must not be negative")
        _check(self.code_rank >= 0, "transition.code_rank must not be negative")


@dataclass(frozen=True)
class TrainingConfig:
    """How the model is trained.

    Attributes:
        autoencoder_share: share of the time budget that the autoencoder phase gets.
        shown_share: share of the reconstruction's weight that goes to the pixels that the factors change.
        autoencoder_steps: optimizer steps of the autoencoder phase where no time budget is given.
        transition_steps: the same for the causal transition layer.
        autoencoder_batch: images a step.
        transition_batch: transitions a step.
        autoencoder_rate: peak learning rate of the autoencoder.
        autoencoder_matrix_rate: the same of its matrices, which Muon moves (engine/optimizer.py).
        transition_rate: peak learning rate of the causal transition layer.
        weight_decay: of both phases.
        hidden_share: share of variables hidden in the hidden-variable task (11).
        base_share: share of the batch that also trains the base mechanism, (8) and (11).
        code_noise: share of codes exchanged for similar ones in transitions that train actions only.
        base_targets: variables of an image that the base mechanism predicts in training; hidden ones first.
        targets: variables of a transition whose next code is computed in training; those that change and
            the likely targets of the action come first.
        change_weight: extra weight of variables whose code changes, in (8).
        latent_weight: weight of the distance of expected latents, (12).
        retrieval_share: share of the batch that also trains retrieval (9).
        retrieval_start: share of the phase after which retrieval is trained.
        retrieval_every: steps from one that trains retrieval to the next; it costs as much as half a step.
        retrieval_weight: weight of (9).
        edge_share: share of base edges that the drawn graph should keep; their price follows it, (10).
        edge_sparsity: weight of the mean probability of actions' edges, (10).
        mask_sparsity: weight of the expected number of targets, (10).
        validations: validations in each phase.
        seed: of everything random.
        bf16: bf16 autocast where the processor has it.
    """

    autoencoder_share: float = 0.3
    shown_share: float = 0.5
    autoencoder_steps: int = 6000
    transition_steps: int = 8000
    autoencoder_batch: int = 32
    transition_batch: int = 32
    autoencoder_rate: float = 2e-3
    autoencoder_matrix_rate: float = 0.02
    transition_rate: float = 2e-3
    weight_decay: float = 0.01
    hidden_share: float = 0.25
    base_share: float = 0.75
    code_noise: float = 0.05
    base_targets: int = 20
    targets: int = 28
    change_weight: float = 1.0
    latent_weight: float = 18.0
    retrieval_share: float = 0.125
    retrieval_start: float = 0.4
    retrieval_every: int = 2
    retrieval_weight: float = 1.0
    edge_share: float = 0.09
    edge_sparsity: float = 0.05
    mask_sparsity: float = 0.001
    validations: int = 6
    seed: int = 0
    bf16: bool = True

    def __post_init__(self) -> None:
        _check(0 < self.autoencoder_share < 1, "training.autoencoder_share must lie between 0 and 1")
        for name in ("autoencoder_steps", "transition_steps", "autoencoder_batch", "transition_batch"):
            _check(getattr(self, name) >= 1, f"training.{name} must be at least 1")
        for name in ("autoencoder_rate", "autoencoder_matrix_rate", "transition_rate"):
            _check(getattr(self, name) > 0, f"training.{name} must be positive")
        shares = ("shown_share", "hidden_share", "base_share", "retrieval_share", "retrieval_start")
        for name in (*shares, "code_noise"):
            _check(0 <= getattr(self, name) <= 1, f"training.{name} must lie in 0 to 1")
        _check(0 < self.edge_share <= 1, "training.edge_share must lie above 0 and up to 1")
        for name in ("targets", "base_targets", "retrieval_every"):
            _check(getattr(self, name) >= 1, f"training.{name} must be at least 1")
        _check(0 <= self.seed < 2**63, "training.seed must not be negative")
        weights = ("change_weight", "latent_weight", "retrieval_weight")
        for name in (*weights, "weight_decay", "edge_sparsity", "mask_sparsity"):
            _check(getattr(self, name) >= 0, f"training.{name} must not be negative")
        _check(self.validations >= 1, "training.validations must be at least 1")


@dataclass(frozen=True)
class Config:
    """Everything a run is made from, apart from its data set and its budget."""

    preset: str = "small"
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    transition: TransitionConfig = field(default_factory=TransitionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_json(self) -> dict[str, Any]:
        """Inverse of `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Config:
        """Inverse of `to_json`.

        Raises:
            InputError: an unknown section or setting, a wrong type or a value out of range.
        """
        sections: dict[str, Any] = {}
        for key, value in data.items():
            if key == "preset":
                sections[key] = str(value)
            elif key in _SECTIONS and isinstance(value, dict):
                sections[key] = _build(key, value)
            else:
                guess = _nearest(key, list(_SECTIONS))
                listed = f"choose one of {', '.join(_SECTIONS)}"
                raise InputError(f"unknown section '{key}'; {guess} {listed}".replace(";  ", "; "))
        return cls(**sections)

    def with_setting(self, key: str, value: str | float | int | bool) -> Config:
        """A copy with one setting changed, `key` as "section.name", text values converted.

        Raises:
            InputError: an unknown key or a value that does not fit.
        """
        section, _, name = key.partition(".")
        if section not in _SECTIONS or not name:
            known = [f"{part}.{f.name}" for part, kind in _SECTIONS.items() for f in fields(kind)]
            hint = _nearest(key, known) or "write it as section.name, as training.seed"
            raise InputError(f"unknown setting '{key}'; {hint}")
        current = asdict(getattr(self, section))
        if name not in current:
            raise _unknown_setting(section, name, list(current))
        current[name] = value
        return replace(self, **{section: _build(section, current)})  # type: ignore[arg-type]

    def for_epochs(self, epochs: float, images: int, pairs: int) -> Config:
        """The same with as many steps as it takes to see each training image and pair so often.

        Args:
            epochs: passes over the training images (autoencoder) and the training pairs (transitions).
            images: training images.
            pairs: training pairs.

        Raises:
            InputError: epochs is not positive.
        """
        if not 0 < epochs < math.inf:
            raise InputError(f"the number of epochs must be positive, not {epochs:g}")
        training = self.training
        return replace(
            self,
            training=replace(
                training,
                autoencoder_steps=math.ceil(epochs * images / training.autoencoder_batch),
                transition_steps=math.ceil(epochs * pairs / training.transition_batch),
            ),
        )


_SECTIONS: dict[str, type[Any]] = {
    "autoencoder": AutoencoderConfig,
    "transition": TransitionConfig,
    "training": TrainingConfig,
}


def _convert(section: str, name: str, kind: str, value: Any) -> Any:
    """One value as the declared type ("int", "float" or "bool"); text as typed by a person is accepted."""
    try:
        if kind == "bool":
            words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            return words[str(value).strip().lower()]
        if kind == "int":
            number = float(value)
            if number != int(number):
                raise ValueError
            return int(number)
        return float(value)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError(f"{section}.{name} takes a value of type {kind}, not '{value}'") from None


def _build(section: str, values: dict[str, Any]) -> Any:
    kind = _SECTIONS[section]
    declared = {f.name: str(f.type) for f in fields(kind)}
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise _unknown_setting(section, unknown[0], list(declared))
    return kind(**{name: _convert(section, name, declared[name], value) for name, value in values.items()})


def _nearest(name: str, known: list[str]) -> str:
    """A guess at what was meant, as words; empty without one."""
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else ""


def _unknown_setting(section: str, name: str, known: list[str]) -> InputError:
    guess = _nearest(name, known).replace("mean ", f"mean {section}.")
    listed = f"{section} has {', '.join(known)}"
    return InputError(f"unknown setting '{section}.{name}'; {guess} {listed}".replace(";  ", "; "))


def preset_names() -> tuple[str, ...]:
    """The presets that exist, sorted."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.json")))


def load_preset(name: str) -> Config:
    """The preset called `name`, or the settings in a JSON file: such as a run's `config.json`.

    What a file leaves out is as in the preset `small`.

    Raises:
        InputError: there is no such preset (the message lists them) or file, or it has what no setting is.
    """
    if name.endswith(".json"):
        return _settings_file(Path(name))
    if name not in preset_names():
        raise InputError(f"unknown preset '{name}'; choose one of {', '.join(preset_names())}")
    return Config.from_json(json.loads((PRESETS / f"{name}.json").read_text(encoding="utf-8")))


def _settings_file(path: Path) -> Config:
    """Settings as a person or a run wrote them down; named as the preset they say, or as their file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"the settings {path} cannot be read ({error.strerror or error}); give a preset"
            f" ({', '.join(preset_names())}) or a JSON file"
        ) from error
    except ValueError as error:
        raise InputError(f"the settings {path} are not JSON ({error}); mend that line") from error
    if isinstance(data, dict) and isinstance(data.get("config"), dict):
        data = data["config"]  # of a run
    if not isinstance(data, dict):
        raise InputError(f'{path} holds no settings; write {{"training": {{"seed": 1}}}}, for instance')
    try:
        return Config.from_json({"preset": path.stem, **data})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
