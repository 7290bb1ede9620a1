"""The run library on the command line: list, tag, compare, export, import, rename, delete."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command
from cli.errors import UsageError
from cli.output import ProgressLine, Result, duration

if TYPE_CHECKING:
    from engine.comparison import Comparison
    from engine.run_archive import Steps
    from engine.run_directory import RunStatus

OTHERS = ("step", "elapsed_s")  # than figures, by which runs can be sorted


def add_commands(commands: Commands) -> None:
    """Adds `runs`, `compare`, `export-run`, `import-run`, `rename-run` and `delete-run`."""
    parser = add_command(
        commands,
        "runs",
        "list runs, and write tags and notes",
        "doscope runs --search view --sort psnr",
        runs,
    )
    parser.add_argument(
        "--search", metavar="TEXT", help="runs with this in name, data set, preset, tags or note"
    )
    parser.add_argument(
        "--sort",
        metavar="FIGURE",
        help="by a figure, step or elapsed_s, the largest first (default: newest first)",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="its runs instead of those of Doscope's folder"
    )
    parser.add_argument("--run", metavar="RUN", help="with --tag, --untag or --note: the run to write to")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="give the run a tag; may be repeated"
    )
    parser.add_argument(
        "--untag", action="append", default=[], metavar="TAG", help="take a tag off; may be repeated"
    )
    parser.add_argument("--note", metavar="TEXT", help="the run's note; an empty one removes it")
    parser = add_command(
        commands,
        "compare",
        "show in what runs differ, and their figures",
        "doscope compare runs/a runs/b",
        compare,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="two or more runs")
    parser = add_command(
        commands, "export-run", "write a run into one zip file", "doscope export-run runs/a a.zip", export
    )
    parser.add_argument("run", metavar="RUN", help="a run's directory, its name, or `bundled`")
    parser.add_argument("file", type=Path, metavar="FILE", help="the zip file; an older one is replaced")
    parser = add_command(
        commands, "import-run", "unpack an exported run", "doscope import-run a.zip", import_file
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a zip file that was exported")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="where to instead of the runs of Doscope's folder"
    )
    parser = add_command(commands, "rename-run", "give a run another name", "doscope rename-run a b", rename)
    parser.add_argument("run", metavar="RUN", help="a run's directory, or its name in Doscope's folder")
    parser.add_argument("name", metavar="NAME", help="the new name, which is its directory's too")
    parser = add_command(
        commands, "delete-run", "move runs to the trash", "doscope delete-run shapes-small-3", delete
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's directory, or its name")


def runs(arguments: argparse.Namespace) -> Result:
    """The list, or what was written down about one run."""
    if arguments.run is not None or arguments.tag or arguments.untag or arguments.note is not None:
        return _write(arguments)
    from engine.run_directory import list_runs, matches

    found = [s for s in list_runs(arguments.folder) if matches(s, arguments.search or "")]
    if arguments.sort:
        key = arguments.sort
        known = [*sorted({name for status in found for name in status.figures}), *OTHERS]
        if key not in known:
            raise UsageError(
                f"no run has the figure '{key}'; sort by one of {', '.join(known) or 'none yet'}"
            )
        found.sort(key=lambda s: _value(s, key), reverse=True)
    lines = [_line(status, arguments.sort) for status in found]
    return Result({"runs": [_data(status) for status in found]}, "\n".join(lines) or "no runs were found")


def _value(status: RunStatus, key: str) -> float:
    """What a run is sorted by; one without the figure comes last."""
    return float(getattr(status, key)) if key in OTHERS else status.figures.get(key, float("-inf"))


def _write(arguments: argparse.Namespace) -> Result:
    from engine.run_directory import resolve_run
    from engine.run_notes import RunNotes, read_notes, write_notes

    if arguments.run is None:
        raise UsageError("name the run to write to with --run")
    run = resolve_run(arguments.run)
    before = read_notes(run)
    tags = (set(before.tags) | {t.strip() for t in arguments.tag}) - {t.strip() for t in arguments.untag}
    notes = RunNotes(tuple(tags), before.note if arguments.note is None else arguments.note)
    write_notes(run, notes)
    data = {"run": str(run), "tags": list(notes.tags), "note": notes.note}
    return Result(data, f"{run}: tags {', '.join(notes.tags) or 'none'}; note: {notes.note or 'none'}")


def compare(arguments: argparse.Namespace) -> Result:
    """Settings that differ, and figures with the best ones marked."""
    from engine.comparison import compare_runs
    from engine.run_directory import resolve_run

    if len(arguments.runs) < 2:
        raise UsageError("give two runs or more to compare")
    found = compare_runs([resolve_run(run) for run in arguments.runs])
    data = {
        "runs": list(found.paths),
        "settings": {key: list(values) for key, values in found.settings.items()},
        "figures": {key: list(values) for key, values in found.figures.items()},
        "best": {key: [found.paths[place] for place in places] for key, places in found.best.items()},
    }
    return Result(data, _table(found))


def export(arguments: argparse.Namespace) -> Result:
    """A run as one file."""
    from engine.run_archive import export_run
    from engine.run_directory import resolve_run

    file = _with_progress("exporting", export_run(resolve_run(arguments.run), arguments.file))
    size = file.stat().st_size
    return Result({"file": str(file), "bytes": size}, f"{file}: {size:,} bytes")


def import_file(arguments: argparse.Namespace) -> Result:
    """A run out of such a file."""
    from datasets.home import runs_dir
    from engine.run_archive import import_run

    run = _with_progress("importing", import_run(arguments.file, arguments.folder or runs_dir()))
    return Result({"run": str(run)}, f"{run}")


def rename(arguments: argparse.Namespace) -> Result:
    """Another name; what the window's Library does."""
    from engine.run_directory import resolve_run
    from gui.library.keeping import rename as rename_run
    from gui.requests import RenameRun

    renamed = rename_run(RenameRun(str(resolve_run(arguments.run)), arguments.name))
    return Result({"run": renamed.new}, renamed.new)


def delete(arguments: argparse.Namespace) -> Result:
    """To the trash, or where there is none to a folder `.trash`; what the window's Library does."""
    from engine.run_directory import resolve_run
    from gui.library.work import delete_run
    from gui.requests import DeleteRun

    paths = [resolve_run(run) for run in arguments.runs]
    deleted = [delete_run(DeleteRun(str(path))) for path in paths]
    data = {"deleted": [{"run": each.path, "place": each.place} for each in deleted]}
    return Result(data, "\n".join(f"{each.path} is in {each.place}" for each in deleted))


def _with_progress(stage: str, steps: Steps) -> Path:
    line = ProgressLine()
    try:
        while True:
            done, total = next(steps)
            line.show(stage, done, total, "", -1)
    except StopIteration as end:
        made: Path = end.value
        return made
    finally:
        steps.close()
        line.end()


def _table(found: Comparison) -> str:
    rows = [("", *found.names)]
    rows += [(key, *(_shown(value) for value in values)) for key, values in found.settings.items()]
    for name, values in found.figures.items():
        best = found.best.get(name, ())
        rows.append((name, *(_shown(v) + (" *" if n in best else "") for n, v in enumerate(values))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join((*lines, "", "* the best; settings that are the same in all runs are left out"))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _line(status: RunStatus, sort: str | None) -> str:
    state = status.problem or status.state
    wanted = [sort] if sort else ["directed_accuracy", "psnr"]
    figures = [f"{name} {status.figures[name]:.4g}" for name in wanted if name in status.figures]
    tags = [f"[{', '.join(status.tags)}]"] if status.tags else []
    parts = (
        status.name,
        status.dataset,
        status.preset,
        state,
        duration(status.elapsed_s),
        *figures,
        *tags,
        status.note,
    )
    return "  ".join(part.splitlines()[0] for part in parts if part)


def _data(status: RunStatus) -> dict[str, object]:
    begun = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(status.begun)) if status.begun else None
    return {
        "name": status.name,
        "path": str(status.path),
        "dataset": status.dataset,
        "preset": status.preset,
        "finished": status.finished,
        "owner": status.owner,
        "step": status.step,
        "elapsed_s": status.elapsed_s,
        "begun": begun,
        "figures": status.figures,
        "tags": list(status.tags),
        "note": status.note,
        "problem": status.problem,
    }
