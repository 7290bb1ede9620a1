"""Lines of Python that repeat an intervention in a notebook, going on from `explorer`, `codes`, `image`; and
the same for the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from engine.results import Codes, RunInfo

_TAKEN = "codes, image = step.codes, step.image"
_SETS = r"\d+: \d+(?:, \d+: \d+)*"
_NUMBERS = r"\[[0-9, ]*\]"
_KNOWN = re.compile(
    r"(?:(?:for _ in range\((?P<times>\d+)\): )?step = explorer\.apply_action\(codes, (?P<action>\d+)\);"
    rf" {re.escape(_TAKEN)}"
    rf"|step = explorer\.do\(codes, \{{(?P<sets>{_SETS})\}}, propagate=(?P<propagate>True|False)\);"
    rf" {re.escape(_TAKEN)}"
    rf"|codes = np\.array\((?P<codes>{_NUMBERS})\); image = explorer\.decode\(codes\))  # [^\r\n]*"
)


def action_line(action: int, label: str, times: int = 1) -> str:
    """do-action, some times in a row."""
    again = f"for _ in range({times}): " if times > 1 else ""
    return f"{again}step = explorer.apply_action(codes, {action}); {_TAKEN}  # {label}"


def do_line(assignments: dict[int, int], propagate: bool, label: str) -> str:
    """do(variable := code), of one or several variables."""
    call = f"explorer.do(codes, {assignments}, propagate={propagate})"
    return f"step = {call}; {_TAKEN}  # {label}"


def state_line(codes: Codes, label: str) -> str:
    """These very codes [N], whatever led to them."""
    return f"codes = np.array({codes.tolist()}); image = explorer.decode(codes)  # {label}"


def is_line(text: str) -> bool:
    """Whether a text is one of these lines: others, of a stranger's file, nobody should run."""
    return _KNOWN.fullmatch(text) is not None


def command(run: RunInfo, image: str, lines: Iterable[str]) -> str:
    """The command that makes the interventions of these lines one after the other.

    Args:
        run: the loaded run.
        image: as the command line takes it: a file, or "set:value,value,...".
        lines: as the functions above write them.
    """
    name = run.name if run.name == "bundled" else str(run.path)
    words = ["doscope", "intervene", "--run", name, "--image", image]
    for line in lines:
        found = _KNOWN.fullmatch(line)
        if found is not None:
            words += _options(run, found)
    return shlex.join([*words, "--out", "after.png"])


def _options(run: RunInfo, found: re.Match[str]) -> list[str]:
    if found["action"] is not None:
        return ["--action", run.space.action_names[int(found["action"])]] * int(found["times"] or 1)
    if found["sets"] is not None:
        pairs = (part.split(": ") for part in found["sets"].split(", "))
        sets = [f"{run.variable_name(int(node))}={code}" for node, code in pairs]
        return ["--propagate" if found["propagate"] == "True" else "--set", *sets]
    return ["--codes", found["codes"].strip("[]").replace(" ", "")]
