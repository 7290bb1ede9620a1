"""The exceptions of the engine room.

    EngineError(Exception)
    ├── InputError           the user's input: image, action, variable, code, setting   (exit code 2)
    ├── RunError             a run directory is missing, damaged or of another version  (exit code 2)
    │   └── RunTaken         another process trains it
    ├── TrainingStopped      training cannot go on; what was saved stays
    │   ├── Diverged         the loss is not a number, or grows without end
    │   ├── DiskFull         the run directory could not be written
    │   ├── OutOfMemory      the processor's or the accelerator's memory does not do
    │   └── DeviceLost       the accelerator stopped working

Errors of the datasets room pass through unchanged. Each message is one sentence that names the file
or the word, followed by what to do.
"""


class EngineError(Exception):
    """Root of everything that the engine room raises on purpose."""


class InputError(EngineError, ValueError):
    """The user asked for something that does not exist or cannot be read."""


class RunError(EngineError):
    """A run directory cannot be used."""


class RunTaken(RunError):
    """Another process trains the run."""


class TrainingStopped(EngineError):
    """Training cannot go on; the last checkpoint stays."""


class Diverged(TrainingStopped):
    """The loss is not a number, or grows without end."""


class DiskFull(TrainingStopped):
    """The run directory could not be written."""


class OutOfMemory(TrainingStopped):
    """There was not as much memory as was asked for."""


class DeviceLost(TrainingStopped):
    """The accelerator stopped working."""
