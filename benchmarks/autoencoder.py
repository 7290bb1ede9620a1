"""How many images a second does the autoencoder train on and rebuild, and how much of the machine is that?

    python -m benchmarks.autoencoder [--preset small] [--reference CHECKOUT] [--json]

JSON keys: `train_images_per_s`, `infer_images_per_s` (encoding and decoding), `convolution_gflops` (in
the convolutions of a training step), `matrix_gflops` (a `torch.mm` of the same dtype in the same run) and
`convolution_share` (the first over the second); with a reference also `reference_train_images_per_s` and
`ratio_train` (ours / theirs, same batch, measured in turns).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from benchmarks import report
from benchmarks.reference import ReferenceAutoencoder
from benchmarks.report import Figures, InputError
from benchmarks.timing import Work, side_by_side, until
from engine.autoencoder import Autoencoder
from engine.config import load_preset
from engine.device import autocast, has_fast_bf16
from engine.objectives import autoencoder_objective
from engine.optimizer import Optimizer, feature_matrices

CPU = torch.device("cpu")
IMAGE = (64, 64, 3)
MATRIX = 1536


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, or 2 for something the user can mend."""
    parser = report.parser("autoencoder", "Times the autoencoder.")
    parser.add_argument("--preset", default="small", help="sizes and settings (default: small)")
    parser.add_argument("--batch", type=int, help="images a step (default: the preset's)")
    parser.add_argument("--reference", type=Path, metavar="CHECKOUT", help="of Strong-AI-Lab/ct-vae")
    arguments = parser.parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
        config = load_preset(arguments.preset)
        batch = arguments.batch or (4 if arguments.quick else config.training.autoencoder_batch)
        figures |= {"preset": config.preset, "batch": batch}
        figures |= measure(arguments.preset, batch, 0.0 if arguments.quick else 10.0)
        if arguments.reference is not None:
            figures |= compare(
                arguments.preset, batch, arguments.reference.expanduser().resolve(), arguments.quick
            )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def measure(preset: str, batch: int, seconds: float) -> Figures:
    """Rates of ours."""
    images = random_images(batch)
    model, step = training_step(preset, images)
    train = until(step, seconds)
    flops, share_of_time = _convolutions(step)
    flops -= _first_convolution(model, batch, load_preset(preset).autoencoder.patch)
    model.eval()
    infer = until(torch.no_grad()(lambda: model.decode(model.encode(images))), seconds / 2)
    dtype = torch.bfloat16 if in_bf16(preset) else torch.float32
    left, right = (torch.randn(MATRIX, MATRIX).to(dtype) for _ in range(2))
    product = until(lambda: torch.mm(left, right), min(seconds, 2.0), least=5)
    matrix = 2 * MATRIX**3 / product.median_s / 1e9
    convolution = flops / (share_of_time * train.median_s) / 1e9
    return {
        "train_images_per_s": batch / train.median_s,
        "infer_images_per_s": batch / infer.median_s,
        "step_ms": train.median_s * 1e3,
        "convolution_time_share": share_of_time,
        "convolution_gflops": convolution,
        "matrix_gflops": matrix,
        "convolution_share": convolution / matrix,
    }


def compare(preset: str, batch: int, checkout: Path, quick: bool) -> Figures:
    """Training steps of both in turns, on the same images."""
    images = random_images(batch)
    pieces = {
        "ours": training_step(preset, images)[1],
        "theirs": ReferenceAutoencoder(checkout).train(images),
    }
    timings = side_by_side(pieces, repetitions=1 if quick else 5)
    return {
        "reference_train_images_per_s": batch / timings["theirs"].median_s,
        "compared_train_images_per_s": batch / timings["ours"].median_s,
        "ratio_train": timings["theirs"].median_s / timings["ours"].median_s,
    }


def random_images(batch: int) -> Tensor:
    """Images in 0..1, channels last in memory, as the training has them."""
    torch.manual_seed(0)
    return torch.rand(batch, *IMAGE).permute(0, 3, 1, 2)


def in_bf16(preset: str) -> bool:
    """Whether a training of the preset runs in bf16 on this machine."""
    return load_preset(preset).training.bf16 and has_fast_bf16(CPU)


def training_step(preset: str, images: Tensor) -> tuple[Autoencoder, Work]:
    """The autoencoder of a preset, past its warm-up, and one optimizer step of it."""
    torch.manual_seed(0)
    config = load_preset(preset).with_setting("autoencoder.warm_up", 0)
    model = Autoencoder(config.autoencoder, IMAGE)
    optimizer = Optimizer(
        list(model.parameters()), feature_matrices(model), matrix_rate=1e-4, rate=1e-4, weight_decay=0.0
    )
    weight_HW = torch.ones(IMAGE[:2])

    def step() -> None:
        optimizer.zero_grad()
        with autocast(CPU, config.training.bf16):
            terms = autoencoder_objective(model, images, weight_HW, config.autoencoder)
        terms["loss"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(optimizer.parameters, 1.0)
        optimizer.step(1.0)

    return model, step


def _convolutions(step: Work) -> tuple[float, float]:
    """Floating point operations of a step's convolutions, and their share of its time."""
    with profile(activities=[ProfilerActivity.CPU], with_flops=True, record_shapes=True) as found:
        step()
    rows = found.key_averages()
    forward = sum(row.flops for row in rows if row.key in ("aten::conv2d", "aten::conv_transpose2d"))
    names = ("convolution", "mkldnn")
    busy = sum(row.self_cpu_time_total for row in rows if any(name in row.key for name in names))
    total = sum(row.self_cpu_time_total for row in rows)
    # the gradients of the input and of the weights cost as much as the convolution itself, each
    return 3.0 * forward, busy / total


def _first_convolution(model: Autoencoder, batch: int, patch: int) -> float:
    """Floating point operations of the convolution of the images, which need no gradient of their own."""
    first = next(part for part in model.modules() if isinstance(part, nn.Conv2d))
    return 2.0 * batch * (IMAGE[0] // patch) * (IMAGE[1] // patch) * first.weight.numel()


def _table(figures: Figures) -> str:
    words = {
        "train_images_per_s": "training, images/s",
        "infer_images_per_s": "encoding and decoding, images/s",
        "convolution_time_share": "share of a step's time in convolutions",
        "convolution_gflops": "there, GFLOP/s",
        "matrix_gflops": "matrix product, GFLOP/s",
        "convolution_share": "convolutions / matrix product",
        "reference_train_images_per_s": "reference, training, images/s",
        "ratio_train": "ours / reference",
    }
    rows = [(text, figures[key]) for key, text in words.items() if key in figures]
    return report.table(f"Autoencoder, preset {figures['preset']}, batch {figures['batch']}", ("", ""), rows)


if __name__ == "__main__":
    sys.exit(main())
