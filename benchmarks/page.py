"""Puts the generated part between its markers into a page that people write, too."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from benchmarks.records import write_text

BEGIN = "<!-- reproduce: from here to the end mark, `python -m benchmarks.reproduce` writes -->"
END = "<!-- reproduce: end mark -->"
MARKS = (BEGIN, END)


class BadPage(Exception):
    """The page's marks are not one pair."""


def put(page: Path, generated: str, marks: tuple[str, str] = MARKS) -> None:
    """Replaces what stands between the two marks; nothing else of the page changes.

    A page without marks gets them at its end, a page that is not there is made.

    Raises:
        BadPage: there is one mark without the other, or several.
        OSError: it cannot be read or written.
    """
    text = page.read_text(encoding="utf-8") if page.exists() else "# Results\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    write_text(page, spliced(text, generated, page.name, marks))


def check(page: Path) -> None:
    """Whether `put` would work, before there is anything to put.

    Raises:
        BadPage: see `put`.
        OSError: it cannot be read or written.
    """
    if page.exists():
        spliced(page.read_text(encoding="utf-8"), "", page.name)
    page.parent.mkdir(parents=True, exist_ok=True)
    if page.is_dir() or not os.access(page.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(page))


def spliced(text: str, generated: str, name: str = "the page", marks: tuple[str, str] = MARKS) -> str:
    """The text with the generated part in its place.

    Raises:
        BadPage: see `put`.
    """
    first, last = marks
    block = f"{first}\n\n{generated.strip()}\n\n{last}"
    begins, ends = text.count(first), text.count(last)
    if not begins and not ends:
        return f"{text.rstrip()}\n\n{block}\n"
    start, end = text.find(first), text.find(last)
    if begins != 1 or ends != 1 or end < start:
        raise BadPage(
            f"{name} has {begins} begin marks and {ends} end marks for the generated part; "
            "leave exactly one of each, in that order"
        )
    return text[:start] + block + text[end + len(last) :]
