"""Says in one sentence what is wrong with the Python that is to make `.venv`, before anything is made.

Runs on any Python 3, so it uses nothing newer than 3.6.
"""

import importlib.util
import sys

OLDEST = (3, 10)


def complaint(version: "tuple[int, int]", has_venv: bool) -> "str | None":
    """The sentence to show, or None when this Python will do.

    Args:
        version: (major, minor).
        has_venv: whether `python -m venv` can put pip into what it makes.
    """
    major, minor = version
    if version < OLDEST:
        return (
            f"Doscope needs Python {OLDEST[0]}.{OLDEST[1]} or newer, but `{sys.executable}` is "
            f"{major}.{minor}; install a newer one and run `make run PYTHON=python3.12` (or the name it has)."
        )
    if not has_venv:
        return (
            "Python's venv module is incomplete; on Debian or Ubuntu run "
            f"`sudo apt-get install python{major}.{minor}-venv`, then repeat the command."
        )
    return None


def main() -> int:
    """Exit code 0, or 2 after the sentence."""
    has_venv = all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))
    sentence = complaint(sys.version_info[:2], has_venv)
    if sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
