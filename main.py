"""Doscope: without an argument the window, with one the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs Doscope.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit code: 0, 1 for a fault of Doscope, 2 for something the user can mend, 130 after Ctrl-C.
    """
    from cli.door import run
    from engine.allocator import keep_freed_memory

    keep_freed_memory()
    return run(sys.argv[1:] if argv is None else list(argv))


if __name__ == "__main__":
    sys.exit(main())
