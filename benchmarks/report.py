"""What the benchmarks have in common: their arguments, and how they say what they found."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence

import torch

from benchmarks import machine
from engine.allocator import keep_freed_memory
from engine.device import has_fast_bf16, limit_threads
from engine.errors import InputError

Figures = dict[str, object]


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The arguments that all have."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    made.add_argument("--json", action="store_true", help="one flat object of numbers instead of tables")
    made.add_argument("--threads", type=int, metavar="N", help="processor threads (default: all cores)")
    made.add_argument(
        "--quick", action="store_true", help="tiny sizes: does it work? Its figures say nothing"
    )
    return made


def conditions(threads: int | None) -> Figures:
    """Sets threads and memory as the program does; the machine, and what the figures depend on besides.

    Raises:
        InputError: more threads than cores.
    """
    keep_freed_memory()
    return {
        **machine.describe(),
        "threads": limit_threads(threads),
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "fast_bf16": has_fast_bf16(torch.device("cpu")),
        "busy_cores_before": machine.busy_cores(),
        "code": machine.code_state(),
    }


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A small table in aligned columns, the first one to the left."""
    lines = [list(head), *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    text = [
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join((title, *(line.rstrip() for line in text)))


def say(figures: Figures, tables: Sequence[str], as_json: bool) -> None:
    """Prints the figures as JSON, or the tables and the conditions."""
    if as_json:
        print(json.dumps(figures, indent=1))
        return
    print("\n\n".join(tables))
    words = ("cores", "processor", "threads", "dtype", "torch", "busy_cores_before", "code")
    print(
        "\n"
        + ", ".join(f"{word.replace('_', ' ')} {_shown(figures[word])}" for word in words if word in figures)
    )


def _shown(cell: object) -> str:
    if cell is None:
        return "–"
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


__all__ = ["Figures", "InputError", "conditions", "parser", "say", "table"]
