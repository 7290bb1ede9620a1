"""Where Doscope keeps what it makes: `$DOSCOPE_HOME`, or the platform's cache folder.

Nothing is created here; whoever writes a file makes its folder.
"""

from __future__ import annotations

import os
from pathlib import Path


def doscope_home() -> Path:
    """The folder that holds caches and runs."""
    chosen = os.environ.get("DOSCOPE_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs  # only where it is needed: most commands and tests set DOSCOPE_HOME

    return Path(platformdirs.user_cache_dir("doscope", appauthor=False))


def caches_dir() -> Path:
    """The folder of the data-set caches, `<home>/datasets`."""
    return doscope_home() / "datasets"


def runs_dir() -> Path:
    """The folder of the training runs, `<home>/runs`."""
    return doscope_home() / "runs"
