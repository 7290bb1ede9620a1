"""The window: PySide6, pyqtgraph and numpy; never torch, never h5py."""
