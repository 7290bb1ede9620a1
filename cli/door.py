"""The command line's one door: parses, runs, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from cli.errors import UsageError, WorkFailed
from cli.interruption import EXIT_INTERRUPTED, Interrupted
from cli.output import Result, print_result, say
from cli.parser import make_parser

EXIT_FAULT = 1
EXIT_USER = 2
# What the user can mend when a file that they named cannot be opened or written
_USERS_ERRNO = {
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EROFS,
    errno.ENAMETOOLONG,
}


def run(argv: Sequence[str]) -> int:
    """Runs the command line and returns the exit code; nothing but `--help` ends the process early."""
    as_json, debug = "--json" in argv, "--debug" in argv
    try:
        result = _dispatch(argv, as_json)
        print_result(result, as_json)
        return result.exit_code
    except SystemExit as end:  # argparse, after --help or --version
        return int(end.code or 0)
    except BrokenPipeError:
        return _leave_closed_pipe()
    except (KeyboardInterrupt, Interrupted):
        return _fail("Stopped.", EXIT_INTERRUPTED, as_json)
    except Exception as error:  # noqa: BLE001 - the door: whatever happened is said once and logged
        if debug:
            traceback.print_exc()
        sentence, code = explain(error)
        return _fail(sentence, code, as_json)


def _dispatch(argv: Sequence[str], as_json: bool) -> Result:
    arguments = make_parser().parse_args(argv)
    if not as_json:
        result: Result = arguments.command(arguments)
        return result
    # Whatever a library prints must not get between the caller and the one JSON object.
    with contextlib.redirect_stdout(sys.stderr):
        wrapped: Result = arguments.command(arguments)
    return wrapped


def explain(error: Exception) -> tuple[str, int]:
    """(the sentence for the user, the exit code) of an error."""
    if isinstance(error, UsageError):
        return str(error), EXIT_USER
    if isinstance(error, WorkFailed):
        return str(error), EXIT_FAULT
    from datasets.errors import DatasetError
    from engine.errors import InputError, RunError, TrainingStopped
    from engine.failures import explained

    if isinstance(error, DatasetError | InputError | RunError):
        return str(error), EXIT_USER
    if isinstance(error, TrainingStopped):
        return str(error), EXIT_FAULT
    if (found := explained(error)) is not None:
        return str(found), EXIT_FAULT
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk is full{_at(error)}; make room and repeat the command.", EXIT_FAULT
    if isinstance(error, OSError) and error.errno in _USERS_ERRNO and error.filename is not None:
        return f"{error.filename}: {error.strerror}; choose another path.", EXIT_USER
    return _our_fault(error), EXIT_FAULT


def _at(error: OSError) -> str:
    return f" at {error.filename}" if error.filename else ""


def _our_fault(error: Exception) -> str:
    """Logs the traceback; the sentence says where."""
    from gui.logs import open_log

    what = f"Doscope itself failed ({type(error).__name__}: {error})"
    path = open_log()
    if path is None:
        return f"{what}; run the command with --debug to see the traceback, and please report it."
    log = logging.getLogger("doscope.command_line")
    log.error("%s", " ".join(sys.argv), exc_info=error)
    return f"{what}; the traceback is in {path}, please report it."


def _fail(sentence: str, code: int, as_json: bool) -> int:
    say(f"doscope: {sentence}")
    if as_json:
        print_result(Result({"error": sentence, "exit_code": code}, ""), as_json=True)
    return code


def _leave_closed_pipe() -> int:
    """The reader (`| head`) has gone; point stdout at nothing so that Python's own flush stays silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FAULT
