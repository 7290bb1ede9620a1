"""Where does the time of the CT layer go?

    python -m benchmarks.profiles [--preset small] [--json]

The same work as `ct_layer` times (N = 64, K = 64, A = 18), by torch's profiler: how much of the time is in
matrix products and how fast they are, how many operations there are, and the ten that take most.

JSON keys, for what in `train_action`, `train_causal` (16 pairs), `retrieve`, `apply` (one): `{what}_ms`,
`{what}_products_share` of the time, `{what}_gflop` in them, `{what}_gflops` their rate, and `{what}_calls`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from torch.profiler import ProfilerActivity, profile

from benchmarks import report
from benchmarks.ct_layer import COMPARED, Ours, pairs
from benchmarks.report import Figures, InputError
from benchmarks.timing import Work

PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm")
TOP, CALLS = 10, 5
SIDE = 8  # of the latent grid


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, or 2 for something the user can mend."""
    parser = report.parser("profiles", "Profiles the CT layer.")
    parser.add_argument("--preset", default="small", help="sizes and settings (default: small)")
    arguments = parser.parse_args(argv)
    tables = []
    try:
        figures = report.conditions(arguments.threads) | {"preset": arguments.preset}
        for what, (batch, _) in COMPARED.items():
            work = Ours(arguments.preset, SIDE).work(what, pairs(2 if arguments.quick else batch, SIDE**2))
            found, table = profiled(what, work, 1 if arguments.quick else CALLS)
            figures |= found
            tables.append(table)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.say(figures, tables, arguments.json)
    return 0


def profiled(what: str, work: Work, calls: int) -> tuple[Figures, str]:
    """The figures of one piece of work, and its table."""
    work()
    with profile(activities=[ProfilerActivity.CPU], with_flops=True) as found:
        for _ in range(calls):
            work()
    rows = sorted(found.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total_us = sum(row.self_cpu_time_total for row in rows)
    products = [row for row in rows if row.key in PRODUCTS]
    products_us = sum(row.self_cpu_time_total for row in products)
    flop = sum(row.flops for row in products)
    figures: Figures = {
        f"{what}_ms": total_us / calls / 1e3,
        f"{what}_products_share": products_us / total_us,
        f"{what}_gflop": flop / calls / 1e9,
        f"{what}_gflops": flop / products_us / 1e3,
        f"{what}_calls": sum(row.count for row in rows if row.key.startswith("aten::")) / calls,
    }
    lines = [
        (row.key.removeprefix("aten::"), 100 * row.self_cpu_time_total / total_us, row.count / calls)
        for row in rows[:TOP]
    ]
    title = (
        f"{what.replace('_', ' ')}: {figures[f'{what}_ms']:.1f} ms, "
        f"{100 * products_us / total_us:.0f} % in products at {flop / products_us / 1e3:.0f} GFLOP/s"
    )
    return figures, report.table(title, ("", "% of the time", "calls"), lines)


if __name__ == "__main__":
    sys.exit(main())
