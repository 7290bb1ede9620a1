"""How numbers and names read in the window: plain functions, no Qt."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping


def readable(name: str) -> str:
    """An identifier as words: "object_hue" -> "object hue"."""
    return name.removesuffix("_mb").replace("_", " ")


def value_of(factor: str, value: str) -> str:
    """A factor's value beside its name, which need not be said twice: "hair 6" of "hair" -> "6"."""
    words, name = readable(value), readable(factor)
    return words.removeprefix(f"{name} ").strip() or words


_SHORT = {"directed_accuracy": "directed", "factor_accuracy": "factor"}


def short(name: str) -> str:
    """A figure's name over a narrow column: "directed_accuracy" -> "directed"."""
    return _SHORT.get(name, readable(name))


def bare_name(dataset: str) -> str:
    """The name of a data set, or of the cache at a path: "/data/a-0.2.h5" -> "a-0.2"."""
    return re.split(r"[/\\]", dataset)[-1].removesuffix(".h5")


def readable_action(name: str) -> str:
    """An action as words with its direction apart: "object_hue+" -> "object hue  +"."""
    if name[-1:] in ("+", "-"):
        sign = "+" if name.endswith("+") else "\N{MINUS SIGN}"
        return f"{readable(name[:-1])}  {sign}"
    return readable(name)


def moved_factor(name: str) -> str:
    """The factor of an action: "scale" of "scale+", "shape" of "shape=cube"."""
    return name[:-1] if name[-1:] in ("+", "-") else name.partition("=")[0]


def opposite_action(name: str | None) -> str | None:
    """The action that undoes one: "scale+" and "scale-"; None where none is known to."""
    if not name or name[-1] not in ("+", "-"):
        return None
    return name[:-1] + ("-" if name.endswith("+") else "+")


def duration(seconds: float) -> str:
    """Seconds as "1:02:03", "2:05" or "0:07"; "unknown" when it is not a finite number."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    whole = round(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def count(number: float) -> str:
    """A whole number with thin groups: 480000 -> "480,000"."""
    return f"{round(number):,}"


def file_size(size_bytes: int) -> str:
    """Bytes in the largest unit that leaves a number of at least one: 1536 -> "1.5 KB"."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


def percent(share: float) -> str:
    """A share in 0..1 with one decimal: 0.9031 -> "90.3 %"; tiny ones as "<0.1 %"."""
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.1f} %"


_SHARES = ("atomic_rate", "hit_rate", "collateral_rate", "edges_kept")


def figure(name: str, value: float) -> str:
    """A measured figure with the unit that its name implies: ("psnr", 31.24) -> "31.2 dB"."""
    if not math.isfinite(value):
        return "not a number"
    if "psnr" in name:
        return f"{value:.1f} dB"
    if name.endswith("_mb"):
        return f"{value:,.0f} MB"
    if "accuracy" in name or "chance" in name or name in _SHARES:
        return percent(value)
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:.4g}"


def end_of_run(reason: str) -> str:
    """Why a run ended, from `RunFinished.reason` or "failed"."""
    words = {
        "done": "finished",
        "stopped": "stopped and kept",
        "diverged": "stopped: the loss was not a number",
        "failed": "ended by an error; the last checkpoint is kept",
    }
    return words.get(reason, reason)


def without_options(sentence: str) -> str:
    """A sentence of the command line for people who see a window: without its options."""
    return re.sub(r" (?:as|with) --source(?: [A-Z]+)?| \(--kind [^)]*\)", "", sentence)


_OPTIONS = {  # what the command line calls them -> what forms do
    r"; ask for fewer with --several": "; ask for fewer",
    r" with --several": "",
    r"ask for more --train-pairs": "the set is too small for that",
    r"; leave out --step \S+": "",
    r"--pairs wrap is": "going on around the end is",
    r"--pairs set is": "setting to a value is",
    r"leave out --hold-out or": "hold nothing out or leave out",
    r"a hole names no value of (.+); give at least one": r"name at least one value of \1",
}


def in_the_window(sentence: str, names: Iterable[str] = ()) -> str:
    """A sentence of the command line about pairs as a form says it; names of factors as words."""
    for options, words in _OPTIONS.items():
        sentence = re.sub(options, words, sentence)
    for name in names:
        sentence = sentence.replace(name, readable(name))
    return without_options(sentence)


def facts_html(facts: Mapping[str, str]) -> str:
    """Names and plain texts as a two-column table in rich text."""
    gap = 'style="padding-right: 14px"'
    rows = (
        f"<tr><td {gap}><b>{html.escape(name)}</b></td><td>{html.escape(text)}</td></tr>"
        for name, text in facts.items()
    )
    return f"<table>{''.join(rows)}</table>"
