"""`make run`: opens the window; where there is no display, takes the guided tour offscreen instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from qt_libraries import ensure, has_display

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "tour"


def take_tour() -> int:
    """Saves the tour's pictures and says where they are. Returns the tour's exit code."""
    print("There is no display, so the window cannot open; taking the guided tour offscreen.", flush=True)
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, str(ROOT / "main.py"), "tour", "--out", str(TOUR)]
    code = subprocess.run(command, env=environment).returncode
    if code == 0:
        print(f"The pictures are in {TOUR}")
    return code


def main() -> int:
    """The window's exit code, or the tour's."""
    screen = has_display()
    if not ensure(screen):
        return 2
    if not screen:
        return take_tour()
    return subprocess.run([sys.executable, str(ROOT / "main.py")]).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
