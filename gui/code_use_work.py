"""Codes of validation images, for the gallery, average graphs and measured effects: no Qt, so that it can
be tested by itself."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError
from engine.code_use import code_use, crop
from engine.results import Codes
from gui import requests as rq
from gui.replies import Activity, CodePage

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.explorer import Explorer

MOST_IMAGES = 2000
BATCH = 32
TABLES_KEPT = 3
_Request = rq.ReadCodeUse | rq.AverageGraph | rq.MeasureEffects


class CodeTables:
    """Codes of validation images, by run and data set: what is read once answers for every code.

    A table is read on by whoever asks next, so a question that was cancelled loses nothing. Used by one
    thread only.
    """

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], _Table] = {}

    def pages(self, request: rq.ReadCodeUse, explorer: Explorer, cache: Cache) -> Iterator[object]:
        """Reads what is missing, a batch a step; a page at once, at each doubling, and at the end.

        Raises:
            DatasetInputError: the validation split is empty.
            InputError: the images have another size than the model takes.
        """
        table = self._table(request, explorer, cache)
        due = 0
        while table.read < len(table.rows):
            if table.read > due:
                yield table.page(request, explorer, cache)
                due = 2 * table.read - 1  # early pages change much, late ones little
            table.read_on(explorer, cache)
            yield Activity(request.kind, request.text, table.read, len(table.rows), cancellable=True)
        yield table.page(request, explorer, cache)

    def images(
        self, request: rq.AverageGraph | rq.MeasureEffects, explorer: Explorer, cache: Cache
    ) -> Iterator[Codes]:
        """The codes [N] of as many validation images as are asked for, or of all there are.

        Raises:
            DatasetInputError, InputError: as `pages`.
        """
        table = self._table(request, explorer, cache)
        for place in range(min(request.images, len(table.rows))):
            while table.read <= place:
                table.read_on(explorer, cache)
            yield table.codes[place]

    def _table(self, request: _Request, explorer: Explorer, cache: Cache) -> _Table:
        key = (request.run, request.dataset)
        table = self._tables.pop(key, None)
        if table is None or not table.is_of(explorer, cache):
            table = _Table(explorer, cache)
        self._tables[key] = table  # the one that was asked for last is the last to go
        while len(self._tables) > TABLES_KEPT:
            del self._tables[next(iter(self._tables))]
        return table


class _Table:
    """The codes of up to MOST_IMAGES validation images; the first `read` of them are there.

    A run that is loaded again and a data set that is built again are other objects: the table is theirs
    only as long as they live.
    """

    def __init__(self, explorer: Explorer, cache: Cache) -> None:
        rows = cache.rows("validation")
        if len(rows) == 0:
            raise DatasetInputError(f"{cache.name} has no validation images; build it with some")
        self._explorer, self._cache = weakref.ref(explorer), weakref.ref(cache)
        # in random order, so that the first ones already stand for all of them
        self.rows: npt.NDArray[np.int64] = np.random.default_rng(0).permutation(rows)[:MOST_IMAGES]
        self.codes = np.empty((len(self.rows), explorer.info.num_variables), np.int64)
        self.read = 0

    def is_of(self, explorer: Explorer, cache: Cache) -> bool:
        """Whether the codes are those that this model gives to the images of this cache."""
        return self._explorer() is explorer and self._cache() is cache

    def read_on(self, explorer: Explorer, cache: Cache) -> None:
        """The codes of one more batch."""
        part = slice(self.read, self.read + BATCH)
        codes = explorer.encode(cache.images(self.rows[part]))
        self.codes[part] = codes
        self.read += len(codes)

    def page(self, request: rq.ReadCodeUse, explorer: Explorer, cache: Cache) -> CodePage:
        """The answer from the images that have been read so far."""
        info, rows = explorer.info, self.rows[: self.read]
        labelled = cache.has_factor_labels
        use = code_use(
            self.codes[: self.read],
            info.grid,
            info.num_codes,
            request.variable,
            request.code,
            cache.space if labelled else None,
            cache.factors[rows] if labelled else None,
        )
        images = cache.images(rows[use.examples[:, 0]])
        cells = use.examples[:, 1].tolist()
        found = [crop(image, info.grid[1:], cell) for image, cell in zip(images, cells, strict=True)]
        return CodePage(
            use,
            tuple(part for part, _ in found),
            tuple(box for _, box in found),
            cache.name,
            len(self.rows),
            labelled,
        )
