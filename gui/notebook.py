"""Lines of Python that repeat an intervention in a notebook, going on from `explorer`, `codes`, `image`."""

from __future__ import annotations

import re

from engine.results import Codes

_TAKEN = "codes, image = step.codes, step.image"
_NUMBERS = r"\[[0-9, ]*\]"
_KNOWN = re.compile(
    rf"(?:(?:for _ in range\(\d+\): )?step = explorer\.apply_action\(codes, \d+\); {re.escape(_TAKEN)}"
    rf"|step = explorer\.do\(codes, \{{\d+: \d+\}}, propagate=(?:True|False)\); {re.escape(_TAKEN)}"
    rf"|codes = np\.array\({_NUMBERS}\); image = explorer\.decode\(codes\))  # [^\r\n]*"
)


def action_line(action: int, label: str, times: int = 1) -> str:
    """do-action, some times in a row."""
    again = f"for _ in range({times}): " if times > 1 else ""
    return f"{again}step = explorer.apply_action(codes, {action}); {_TAKEN}  # {label}"


def do_line(variable: int, code: int, propagate: bool, label: str) -> str:
    """do(variable := code)."""
    call = f"explorer.do(codes, {{{variable}: {code}}}, propagate={propagate})"
    return f"step = {call}; {_TAKEN}  # {label}"


def state_line(codes: Codes, label: str) -> str:
    """These very codes [N], whatever led to them."""
    return f"codes = np.array({codes.tolist()}); image = explorer.decode(codes)  # {label}"


def is_line(text: str) -> bool:
    """Whether a text is one of these lines: others, of a stranger's file, nobody should run."""
    return _KNOWN.fullmatch(text) is not None
