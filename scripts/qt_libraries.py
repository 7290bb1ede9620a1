"""Sees that the system libraries that Qt loads are there; on Debian and Ubuntu, root gets them installed.

The check does what the window does: it starts a Qt application in a process of its own. Other systems
than Linux need nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

ALWAYS = ("libglib2.0-0", "libegl1", "libgl1", "libfontconfig1", "libxkbcommon0", "libdbus-1-3")
WITH_A_SCREEN = (
    "libxcb-cursor0",
    "libxkbcommon-x11-0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
)
PROBE = "from PySide6.QtWidgets import QApplication; QApplication([])"
PROBE_TIMEOUT_S = 60


def has_display() -> bool:
    """Whether a window can be shown. Windows and macOS always have a screen."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def qt_starts(screen: bool) -> tuple[bool, str]:
    """(whether a Qt application starts, what Qt said if it does not)."""
    environment = dict(os.environ)
    if not screen:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {PROBE_TIMEOUT_S} s"
    return done.returncode == 0, done.stderr.strip()


def package_names(names: tuple[str, ...]) -> list[str]:
    """The packages' names on this system: newer Debian and Ubuntu call libglib2.0-0 libglib2.0-0t64."""
    known = []
    for name in names:
        renamed = f"{name}t64"
        shown = subprocess.run(["apt-cache", "show", renamed], capture_output=True, text=True)
        known.append(renamed if shown.returncode == 0 and shown.stdout.strip() else name)
    return known


def install(names: tuple[str, ...]) -> bool:
    """Installs Debian packages as root. Returns whether apt-get was content."""
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "update", "-qq"], env=quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *package_names(names)]
    return subprocess.run(command, env=quiet, stdout=sys.stderr).returncode == 0


def ensure(screen: bool) -> bool:
    """True when Qt starts, after an installation if need be; says what to do where it cannot help itself."""
    if not sys.platform.startswith("linux"):
        return True
    fine, said = qt_starts(screen)
    if fine:
        return True
    names = ALWAYS + WITH_A_SCREEN if screen else ALWAYS
    debian = shutil.which("apt-get") is not None
    if debian and os.geteuid() == 0:
        print("Installing the system libraries that Qt needs ...", file=sys.stderr)
        installed = install(names)
        fine, said = qt_starts(screen)
        if installed and fine:
            return True
    print("Qt could not start; it said:", said or "nothing", sep="\n", file=sys.stderr)
    if debian:
        line = f"sudo apt-get update && sudo apt-get install -y {' '.join(package_names(names))}"
        print(f"If a library is missing, run this line and repeat the command:\n{line}", file=sys.stderr)
    else:
        print(f"Install what Debian calls {', '.join(names)}, and repeat the command.", file=sys.stderr)
    return False


def main() -> int:
    """Exit code 0, or 2 after the line to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screen", action="store_true", help="also the libraries for a window on a screen")
    return 0 if ensure(parser.parse_args().screen) else 2


if __name__ == "__main__":
    sys.exit(main())
