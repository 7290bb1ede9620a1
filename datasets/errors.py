"""The exceptions of the datasets room.

    DatasetError(Exception)
    ├── DatasetInputError    the user's input: unknown name, missing source, unknown factor  (exit code 2)
    ├── SourceError          a source file or folder is missing, unreadable or not what it should be
    └── CacheError           a cache file is missing, truncated, damaged or of another version

Each message is one sentence that names the file or the word, followed by what to do.
"""


class DatasetError(Exception):
    """Root of everything that the datasets room raises on purpose."""


class DatasetInputError(DatasetError, ValueError):
    """The user named something that does not exist."""


class SourceError(DatasetError):
    """A source of images cannot be read."""


class CacheError(DatasetError):
    """A cache cannot be read or written."""
