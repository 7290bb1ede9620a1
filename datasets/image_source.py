"""The source of an imported set of labelled images that is no grid (datasets.image_sets)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datasets.image_sets import ImageSet
from datasets.own import OwnSource
from datasets.own_files import OwnFiles
from datasets.own_labels import Labelling


class ImageSetSource(OwnSource):
    """The images of a set at a path; see `datasets.own.OwnSource`."""

    def __init__(self, image_set: ImageSet, path: Path) -> None:
        super().__init__(path, image_set.name, licence=image_set.licence, citation=image_set.citation)
        self._set = image_set
        self._labels: Labelling | None = None

    def open(self) -> OwnFiles:
        """What lies at the path.

        Raises:
            SourceError: not the files of the set.
        """
        opened = self._set.open(self.path)
        self._labels = opened.labels
        return opened.files

    def label(self, own: OwnFiles, kinds: Sequence[str], renames: Sequence[str]) -> Labelling:
        """The factors that were found when it was opened."""
        del own, kinds, renames
        assert self._labels is not None
        return self._labels
