"""The log file: rotating, in DOSCOPE_HOME/logs, made by the first window."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from datasets.home import doscope_home

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def open_log() -> Path | None:
    """Log "doscope" and below to a file of at most 4 x 512 kB. None when the folder cannot be written."""
    folder = doscope_home() / "logs"
    logger = logging.getLogger("doscope")
    logger.setLevel(logging.INFO)
    path = folder / "doscope.log"
    for handler in list(logger.handlers):
        if isinstance(handler, RotatingFileHandler):
            if Path(handler.baseFilename) == path.absolute():
                return path
            logger.removeHandler(handler)
            handler.close()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=512_000, backupCount=3, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)
    return path
