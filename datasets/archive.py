"""The files of a data set, whether they lie in a folder, a zip archive or a (compressed) tar archive.

Nothing is ever unpacked onto the disk, and names inside archives are only compared, never used as paths.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from datasets.errors import SourceError

_MIB = 1 << 20
_MOST = 256 * _MIB  # no single file that is read whole is larger
_TOLD = 2_000  # files found between two reports
_DEPTH = 4  # folders below the chosen one
_DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
)
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class Files(Protocol):
    """Files by their name with forward slashes."""

    @property
    def path(self) -> Path: ...

    def scan(self, keep: Collection[str]) -> Iterator[tuple[int, int]]:
        """Learn the names; yields (done, total) parts. Files whose last part is in `keep` are held ready.

        Raises:
            SourceError: the folder or archive cannot be read.
        """
        ...

    def names(self) -> list[str]:
        """All names, after `scan`."""
        ...

    def read(self, name: str) -> bytes:
        """A file whole. From a tar archive only what `scan` has kept.

        Raises:
            SourceError: it cannot be read.
        """
        ...

    def stream(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The wanted files, each whole, in the order in which they are quick to read.

        Raises:
            SourceError: one cannot be read.
        """
        ...


def open_files(path: Path) -> Files:
    """The files at a path.

    Raises:
        SourceError: there is neither a folder nor a zip or tar archive.
    """
    path = Path(path)
    if path.is_dir():
        return _Folder(path)
    if not path.is_file():
        raise SourceError(f"'{path}' does not exist; name a folder or an archive as --source")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise _unreadable(path, error) from error
    refuse_web_page(str(path), head)
    if zipfile.is_zipfile(path):
        return _Zip(path)
    if path.name.lower().endswith(_SUFFIXES) or tarfile.is_tarfile(path):
        return _Tar(path)
    raise SourceError(f"'{path}' is neither a folder nor a zip or tar archive; name one of these as --source")


def refuse_web_page(name: str, head: bytes) -> None:
    """Download limits leave web pages under the names of files.

    Raises:
        SourceError: the file begins like one.
    """
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        raise SourceError(
            f"'{name}' is a web page and not the file itself (the server has probably refused the download); "
            "download it again in a browser"
        )


def _unreadable(name: object, error: Exception) -> SourceError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return SourceError(f"'{name}' is damaged or cut short ({reason}); download it again")


@contextlib.contextmanager
def _reading(name: object) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _unreadable(name, error) from error


def _refuse_large(name: object, size: int) -> None:
    if size > _MOST:
        raise SourceError(f"'{name}' has {size // _MIB:,} MiB, which no file of this kind has; remove it")


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []

    def scan(self, keep: Collection[str]) -> Iterator[tuple[int, int]]:
        del keep  # every file is at hand
        found: list[str] = []
        told = 0
        with _reading(self.path):
            for folder, below, files in os.walk(self.path):
                inside = Path(folder).relative_to(self.path)
                if len(inside.parts) >= _DEPTH:
                    below.clear()
                below.sort()
                prefix = "" if inside == Path() else f"{inside.as_posix()}/"
                found += [prefix + name for name in files]
                if len(found) - told > _TOLD:
                    told = len(found)
                    yield 0, 1
        self._names = sorted(found)
        yield 1, 1

    def names(self) -> list[str]:
        return self._names

    def read(self, name: str) -> bytes:
        with _reading(self.path / name):
            _refuse_large(self.path / name, (self.path / name).stat().st_size)
            return (self.path / name).read_bytes()

    def stream(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        for name in sorted(wanted):
            yield name, self.read(name)


class _Zip:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []

    def scan(self, keep: Collection[str]) -> Iterator[tuple[int, int]]:
        del keep  # every file is at hand
        with _reading(self.path), zipfile.ZipFile(self.path) as archive:
            self._names = [name for name in archive.namelist() if name and not name.endswith("/")]
        yield 1, 1

    def names(self) -> list[str]:
        return self._names

    def read(self, name: str) -> bytes:
        return next(self.stream([name]))[1]

    def stream(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        with _reading(self.path):
            archive = zipfile.ZipFile(self.path)
        with archive:
            infos = {info.filename: info for info in archive.infolist() if info.filename in set(wanted)}
            for name, info in sorted(infos.items(), key=lambda item: item[1].header_offset):
                _refuse_large(f"{self.path}: {name}", info.file_size)
                with _reading(f"{self.path}: {name}"):
                    data = archive.read(info)
                yield name, data


class _Tar:
    """Can only be read from its start to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []
        self._kept: dict[str, bytes] = {}

    def scan(self, keep: Collection[str]) -> Iterator[tuple[int, int]]:
        total = max(1, self.path.stat().st_size // _MIB)
        names: list[str] = []
        done = -1
        for member, archive, at in self._members():
            names.append(member.name)
            if PurePosixPath(member.name).name in keep:
                self._kept[member.name] = self._data(archive, member)
            if (now := min(at // _MIB, total)) > done:
                done = now
                yield done, total
        self._names = names

    def names(self) -> list[str]:
        return self._names

    def read(self, name: str) -> bytes:
        return self._kept[name]

    def stream(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        left = set(wanted)
        for member, archive, _ in self._members():
            if member.name in left:
                left.discard(member.name)
                yield member.name, self._data(archive, member)
            if not left:
                return

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile, int]]:
        """Each file, the open archive, and how many bytes of the archive were read so far."""
        with _reading(self.path):
            raw = self.path.open("rb")
        with raw:
            with _reading(self.path):
                archive = tarfile.open(fileobj=raw, mode="r:*")  # noqa: SIM115 (closed below)
            with archive:
                while True:
                    with _reading(self.path):
                        member = archive.next()
                    if member is None:
                        return
                    if member.isfile():
                        yield member, archive, raw.tell()

    def _data(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        _refuse_large(f"{self.path}: {member.name}", member.size)
        with _reading(f"{self.path}: {member.name}"):
            file = archive.extractfile(member)
            return b"" if file is None else file.read()
