"""A run in one file, to pass it on or to keep it: a zip archive of its directory, and back.

Everything in the archive lies in one folder with the run's name. What only a training that goes on needs
(orders, locks, temporary files) is left out. Standard library only.
"""

from __future__ import annotations

import contextlib
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath

from engine.errors import InputError, RunError
from engine.run_directory import RunDirectory
from engine.whole_files import whole

CHUNK = 4 << 20
SCRATCH = {"orders", "training.lock"}
PACKED = {".safetensors", ".png", ".npz"}
"""Files that hardly shrink, so that they are only stored."""
DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError)
LARGEST_RATIO = 1000
"""No file of a run shrinks to less than a thousandth; an archive that says so is a trap."""

Steps = Generator[tuple[int, int], None, Path]
"""(bytes done, bytes in all) on the way; what was made at the end."""


def export_run(run: Path, file: Path) -> Steps:
    """Write a run into a zip archive, whole or not at all.

    Raises:
        RunError: no run directory, or the file cannot be written.
    """
    RunDirectory(run).description()
    inside = sorted(path for path in run.rglob("*") if path.is_file() and not _is_scratch(path, run))
    total, done = sum(path.stat().st_size for path in inside), 0
    try:
        with whole(file) as part, zipfile.ZipFile(part, "w", allowZip64=True) as archive:
            for path in inside:
                entry = zipfile.ZipInfo.from_file(path, f"{run.name}/{path.relative_to(run).as_posix()}")
                stored = path.suffix in PACKED
                entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(entry, "w") as target:
                    while data := source.read(CHUNK):
                        target.write(data)
                        done += len(data)
                        yield done, total
    except OSError as error:
        raise RunError(
            f"{file} could not be written ({error.strerror or error}); choose another place"
        ) from error
    return file


def import_run(file: Path, folder: Path) -> Steps:
    """Unpack an exported run into a new directory in `folder`, whole or not at all.

    Where a run of its name is there already it gets a number.

    Raises:
        RunError: the file is no archive of one run, is damaged, leads out of its folder, or does not fit.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            name, entries = _entries(archive, file)
            total, done = sum(entry.file_size for entry in entries.values()), 0
            folder.mkdir(parents=True, exist_ok=True)
            if total > shutil.disk_usage(folder).free:
                raise RunError(f"{file} needs {total:,} bytes in {folder}; make room there")
            with _scratch_folder(folder) as scratch:
                for inside, entry in entries.items():
                    target = scratch / inside
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(entry) as source, target.open("wb") as written:
                        while data := source.read(CHUNK):
                            written.write(data)
                            done += len(data)
                            yield done, total
                RunDirectory(scratch).description()
                place = free_place(folder / name)
                scratch.rename(place)
    except DAMAGE as error:
        raise _refused(file, f"it is damaged ({error})") from error
    except RuntimeError as error:  # a password, or a packing that zipfile does not know
        raise _refused(file, f"it cannot be read ({error})") from error
    except OSError as error:
        raise RunError(
            f"{file} could not be read, or its run not written ({error.strerror or error}); check both places"
        ) from error
    return place


def holds_run(file: Path) -> bool:
    """Whether a file is an exported run, as far as the names in it tell."""
    try:
        with zipfile.ZipFile(file) as archive:
            _entries(archive, file)
    except (*DAMAGE, OSError, RuntimeError, RunError):
        return False
    return True


def rename_run(run: Path, name: str) -> Path:
    """Give a run's directory another name. That nobody trains in it is for the caller to see to.

    Raises:
        InputError: the name cannot be a directory's, or is taken.
        RunError: no run directory, or it cannot be renamed.
    """
    name = name.strip()
    if not name or name.startswith(".") or any(sign in name for sign in '/\\:*?"<>|\0\n'):
        raise InputError(f"'{name}' cannot be a run's name; give one without / \\ : and a dot in front")
    place = run.with_name(name)
    if place.exists():
        raise InputError(f"there is a run '{name}' already; give another name")
    if not (run / "config.json").is_file():
        raise RunError(f"{run} is not a run directory (it has no config.json); choose another")
    try:
        return run.rename(place)
    except OSError as error:
        raise RunError(
            f"{run} could not be renamed ({error.strerror or error}); check its permissions"
        ) from error


def free_place(place: Path) -> Path:
    """The path, or with the first number that is free: a, a-2, a-3."""
    found, number = place, 2
    while found.exists():
        found, number = place.with_name(f"{place.name}-{number}"), number + 1
    return found


def _is_scratch(path: Path, run: Path) -> bool:
    parts = path.relative_to(run).parts
    return path.is_symlink() or parts[0] in SCRATCH or any(part.startswith(".") for part in parts)


@contextlib.contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside the runs, gone afterwards unless it was renamed."""
    scratch = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    scratch.chmod(0o755)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _entries(archive: zipfile.ZipFile, file: Path) -> tuple[str, dict[Path, zipfile.ZipInfo]]:
    """The run's name, and its files by their path inside the run."""
    entries: dict[Path, zipfile.ZipInfo] = {}
    names = set()
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if not path.parts:  # a name that begins with a zero byte
            raise _refused(file, "it has a file without a name")
        bad = path.is_absolute() or ".." in path.parts or any(sign in entry.filename for sign in "\\:\0")
        if bad:
            raise _refused(file, f"'{entry.filename}' leads out of its folder")
        if entry.file_size > LARGEST_RATIO * max(1024, entry.compress_size):
            raise _refused(file, f"'{entry.filename}' would become absurdly large")
        if not entry.is_dir():
            names.add(path.parts[0])
            entries[Path(*path.parts[1:])] = entry
    if len(names) != 1 or Path("config.json") not in entries:
        raise _refused(file, "it does not hold one run in one folder")
    return names.pop().lstrip(".") or "run", entries


def _refused(file: Path, why: str) -> RunError:
    return RunError(f"{file} cannot be imported: {why}; choose a file that was exported as a run")
