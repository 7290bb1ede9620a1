"""How fast is the CT layer, how does it grow, and how does it compare with the paper's public code?

    python -m benchmarks.ct_layer [--preset small] [--variables 64 ...] [--reference CHECKOUT] [--json]

Times one optimizer step of action mode and of causal mode, an intervention and a retrieval, all on codes
(the autoencoder has no part in it), for several batches and numbers of variables. All figures are per
pair.

JSON keys: `{what}_ms_b{B}_n{N}` for what in `train_action`, `train_causal`, `apply`, `retrieve`;
`train_{mode}_mb_b16_n{N}`: peak memory of a step of 16 pairs; `growth_time`, `growth_memory`: how the
step of causal mode grows from N = 64 to 1,024, as the exponent e of N^e, and `growth_retrieve`,
`growth_apply`: how the time of these grows (a step looks at some variables of each pair, these at all).
Our training steps run in bf16 where the training would. With a reference also
`reference_{what}_ms`, `reference_train_causal_mb`, and `ratio_train_causal`, `ratio_train_action`,
`ratio_retrieve`, `ratio_apply` (how many times faster ours is, per pair) and `memory_ratio` (ours /
theirs, causal step).

Training is compared per pair at the batches that each is trained with: ours 16; theirs 16 in action mode,
and 1 in causal mode, where 16 pairs would need some 43 GB. Retrieval and interventions are compared with
batch 1.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks import report
from benchmarks.reference import Reference
from benchmarks.report import Figures, InputError
from benchmarks.timing import Timing, Work, peak_memory_mb, side_by_side, until
from engine.config import load_preset
from engine.device import autocast
from engine.model import CTVAE
from engine.objectives import retrieval_loss, transition_objective

NUM_CODES, NUM_ACTIONS = 64, 18
WHAT = ("train_action", "train_causal", "apply", "retrieve")
BATCHES, SIDES = (1, 16, 64), (8, 16, 32)
CPU = torch.device("cpu")
LARGEST = 16 * 1024  # variables of a whole batch; more takes minutes
GROWTH = {
    "growth_time": "train_causal_ms",
    "growth_memory": "train_causal_mb",
    "growth_retrieve": "retrieve_ms",
    "growth_apply": "apply_ms",
}
COMPARED = {"train_causal": (16, 1), "train_action": (16, 16), "retrieve": (1, 1), "apply": (1, 1)}
CHANGED = 0.3  # share of the codes that a pair's action changes


class Pairs(NamedTuple):
    """Codes before and after, and the action."""

    before_BN: Tensor
    after_BN: Tensor
    action_B: Tensor


def pairs(batch: int, num_variables: int) -> Pairs:
    """Random pairs, always the same."""
    dice = torch.Generator().manual_seed(batch * num_variables)
    shape = (batch, num_variables)
    before = torch.randint(NUM_CODES, shape, generator=dice)
    other = torch.randint(NUM_CODES, shape, generator=dice)
    after = torch.where(torch.rand(shape, generator=dice) < CHANGED, other, before)
    return Pairs(before, after, torch.randint(NUM_ACTIONS, (batch,), generator=dice))


class Ours:
    """Our layer with the sizes of a preset, and what one does with it.

    Args:
        preset: its name.
        side: of the latent grid.
    """

    def __init__(self, preset: str, side: int) -> None:
        torch.manual_seed(0)
        config = load_preset(preset).with_setting("autoencoder.codes", NUM_CODES)
        pixels = side * config.autoencoder.patch
        self.training = config.training
        self.model = CTVAE(config, (pixels, pixels, 3), NUM_ACTIONS)
        self.model.autoencoder.requires_grad_(False)
        self.trained = [*self.model.transition.parameters(), self.model.log_sharpness]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-4, fused=True)

    def work(self, what: str, data: Pairs) -> Work:
        """The work that is called `what`."""
        if what == "apply":
            self.model.eval()
            return torch.no_grad()(lambda: self.model.apply_action(data.before_BN, data.action_B).codes_BN)
        if what == "retrieve":
            self.model.eval()
            return torch.no_grad()(lambda: self.model.retrieve_action(data.before_BN, data.after_BN))
        self.model.train()
        return self._action_step(data) if what == "train_action" else self._causal_step(data)

    def _action_step(self, data: Pairs) -> Work:
        return lambda: self._descend(
            lambda: transition_objective(self.model, *data, config=self.training, retrieve=False)["loss"]
        )

    def _causal_step(self, data: Pairs) -> Work:
        def loss() -> Tensor:
            context = self.model.transition.context(data.before_BN)
            return retrieval_loss(self.model, context, *data, config=self.training)

        return lambda: self._descend(loss)

    def _descend(self, objective: Callable[[], Tensor]) -> None:
        """As the training takes a step (`engine.phases.timed_step`)."""
        with autocast(CPU, self.training.bf16):
            loss = objective()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()


def our_step(preset: str, side: int, what: str, batch: int) -> Work:
    """Work of ours for a process of its own."""
    torch.set_num_threads(1)
    return Ours(preset, side).work(what, pairs(batch, side * side))


def reference_step(checkout: str) -> Work:
    """The reference's causal step of one pair for a process of its own."""
    torch.set_num_threads(1)
    return Reference(Path(checkout), NUM_CODES, NUM_ACTIONS, 8).train_causal(*pairs(1, 64))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, or 2 for something the user can mend."""
    arguments = _parser().parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
        figures["preset"] = load_preset(arguments.preset).preset
        sides = tuple(round(n**0.5) for n in sorted(arguments.variables))
        figures |= measure(arguments.preset, arguments.seconds, sides, arguments.quick)
        if arguments.reference is not None:
            figures |= compare(arguments.preset, arguments.reference.expanduser().resolve(), arguments.quick)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.say(figures, tables(figures), arguments.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = report.parser("ct_layer", "Times the CT layer, and the paper's beside it.")
    parser.add_argument("--preset", default="small", help="sizes and settings of ours (default: small)")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="CHECKOUT",
        help="a checkout of Strong-AI-Lab/ct-vae to compare with",
    )
    every = [side**2 for side in SIDES]
    parser.add_argument(
        "--variables", type=int, nargs="+", choices=every, default=every, metavar="N",
        help="which numbers of variables (default: 64 256 1024, minutes; wide presets take far longer)",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each figure (default: 2)")
    return parser


def measure(preset: str, seconds: float, sides: Sequence[int], quick: bool) -> Figures:
    """Times and memory of ours."""
    figures: Figures = {}
    batches, sides = ((1, 4), (2, 4)) if quick else (BATCHES, sides)
    for side in sides:
        ours = Ours(preset, side)
        for batch in (b for b in batches if b * side * side <= LARGEST):
            data = pairs(batch, side * side)
            for what in WHAT:
                timing = until(ours.work(what, data), 0.0 if quick else seconds)
                _note(figures, f"{what}_ms_b{batch}_n{side * side}", timing.per(batch))
    middle, small, large = batches[-1 if quick else 1], sides[0] ** 2, sides[-1] ** 2
    for side in sides[-1:] if quick else sides:
        for what in ("train_causal",) if quick else WHAT[:2]:
            key = f"{what}_mb_b{middle}_n{side * side}"
            figures[key] = peak_memory_mb(our_step, preset, side, what, middle)
    for name, what in GROWTH.items():
        ends = [figures.get(f"{what}_b{middle}_n{n}") for n in (small, large)]
        figures[name] = _exponent(ends, small, large)
    return figures


def compare(preset: str, checkout: Path, quick: bool) -> Figures:
    """The reference's figures, and ours against them, measured in turns."""
    theirs, ours = Reference(checkout, NUM_CODES, NUM_ACTIONS, 8), Ours(preset, 8)
    figures: Figures = {}
    for what, (our_batch, their_batch) in COMPARED.items():
        our_pairs, their_pairs = pairs(our_batch, 64), pairs(their_batch, 64)
        needed = their_pairs if what.startswith("train") else _needed(what, their_pairs)
        pieces = {
            "ours": ours.work(what, our_pairs),
            "theirs": getattr(theirs, what)(*needed),
        }
        timings = side_by_side(pieces, repetitions=1 if quick else 5)
        our_time, their_time = timings["ours"].per(our_batch), timings["theirs"].per(their_batch)
        _note(figures, f"reference_{what}_ms", their_time)
        _note(figures, f"compared_{what}_ms", our_time)
        figures[f"ratio_{what}"] = their_time.median_s / our_time.median_s
    memory = peak_memory_mb(reference_step, str(checkout))
    ours_mb = peak_memory_mb(our_step, preset, 8, "train_causal", 1)
    figures |= {"reference_train_causal_mb": memory, "compared_train_causal_mb": ours_mb}
    figures["memory_ratio"] = ours_mb / memory if memory and ours_mb is not None else None
    return figures


def _needed(what: str, data: Pairs) -> tuple[Tensor, Tensor]:
    return (data.before_BN, data.action_B if what == "apply" else data.after_BN)


def _note(figures: Figures, key: str, timing: Timing) -> None:
    figures[key] = timing.median_s * 1e3
    figures[f"{key}_least"], figures[f"{key}_most"] = timing.least_s * 1e3, timing.most_s * 1e3


def _exponent(ends: Sequence[object], small: int, large: int) -> float | None:
    first, last = ends
    if not (isinstance(first, float) and isinstance(last, float) and first > 0 and last > 0):
        return None
    if small == large:
        return None
    return math.log(last / first) / math.log(large / small)


def tables(figures: Figures) -> list[str]:
    """The figures for people."""
    return [text for text in (_times(figures), _memory(figures), _comparison(figures)) if text]


def _times(figures: Figures) -> str:
    keys = [key for key in figures if key.startswith("train_action_ms_b") and key.count("_") == 4]
    rows = []
    for key in keys:
        size = key.removeprefix("train_action_ms_")
        batch, variables = (part[1:] for part in size.split("_"))
        cells = [_range(figures, f"{what}_ms_{size}") for what in WHAT]
        rows.append((f"N = {variables}, batch {batch}", *cells))
    head = ("ms a pair: median (least – most)", *(what.replace("_", " ") for what in WHAT))
    return report.table(
        f"CT layer, preset {figures['preset']}, K = {NUM_CODES}, A = {NUM_ACTIONS}", head, rows
    )


def _memory(figures: Figures) -> str:
    keys = [key for key in figures if key.startswith("train_") and "_mb_" in key]
    rows = [(key.replace("_mb_", ", ").replace("_", " "), figures[key]) for key in keys]
    rows += [(f"{name.replace('_', ', ')}: exponent of N", figures[name]) for name in GROWTH]
    return report.table("Peak memory of a step, and growth", ("", "MB"), rows)


def _comparison(figures: Figures) -> str:
    if "memory_ratio" not in figures:
        return ""
    rows: list[tuple[object, ...]] = [
        (
            what,
            _range(figures, f"reference_{what}_ms"),
            _range(figures, f"compared_{what}_ms"),
            figures[f"ratio_{what}"],
        )
        for what in COMPARED
    ]
    memory = ("reference_train_causal_mb", "compared_train_causal_mb", "memory_ratio")
    rows.append(("peak memory, causal step of one pair, MB", *(figures[key] for key in memory)))
    return report.table("Against the reference, ms a pair", ("", "reference", "ours", "ratio"), rows)


def _range(figures: Figures, key: str) -> str:
    return f"{figures[key]:.3g} ({figures[f'{key}_least']:.3g} – {figures[f'{key}_most']:.3g})"


if __name__ == "__main__":
    sys.exit(main())
