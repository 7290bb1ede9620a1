"""A list of pairs before it is built: five of them, and how many each split may expect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from datasets.errors import DatasetInputError
from datasets.own_files import NO_FACTORS, PAIRS, Table, kind_of, place_of
from datasets.own_images import pictures
from datasets.own_pairs import CONNECTED, SHARES, PairList, pieces_of, read_pairs
from datasets.own_preview import EXAMPLES, FEW, REACH, SPLITS, Outlook, Preview
from datasets.source import ImageArray


def preview_pairs(path: Path, table: Table, kinds: Mapping[str, str]) -> Preview:
    """A look at a list of pairs. There are no factors, so that only retrieval is possible.

    Args:
        path: what was looked at.
        table: the list.
        kinds: none, as there are no columns that make factors.

    Raises:
        SourceError: the list, or most of the pairs that are shown, cannot be read.
        DatasetInputError: a kind is said.
    """
    if kinds:
        raise DatasetInputError(f"'{table.where}' is a list of pairs, which has no factors; {NO_FACTORS}")
    pairs = read_pairs(table)
    broken: list[str] = []
    images, labels = _examples(table, broken)
    return Preview(
        str(path),
        f"{kind_of(table.files.path)} with a list of {len(pairs.ends):,} pairs, {table.name}",
        len(pairs.places),
        (),
        pairs.split is not None,
        images,
        labels,
        (*table.notes, *(f"cannot be read: {words}" for words in broken)),
        pairs_outlook(pairs),
        ("action", "image"),
    )


def pairs_outlook(pairs: PairList) -> Outlook:
    """How many pairs each split may expect; which images look the same is not known.

    Without splits in the table, pieces of connected images are shared out; where most are in one piece, both
    images of a pair have to fall into its split by chance.
    """
    if pairs.split is not None:
        counts = np.bincount(pairs.split, minlength=len(SPLITS)).astype(np.float64)
    else:
        pieces = pieces_of(pairs.ends, len(pairs.places))
        largest = np.bincount(pieces[pairs.ends[:, 0]]).max()
        shares = np.array(SHARES)
        counts = len(pairs.ends) * (shares if largest <= CONNECTED * len(pairs.ends) else shares**2)
    expected = dict(zip(SPLITS, counts.tolist(), strict=True))
    empty = [split for split, count in expected.items() if count == 0]
    if empty:
        return Outlook("nothing", pairs=expected, problem=f"the {empty[0]} split has no pair")
    doubt = f"with fewer than {FEW} test pairs the figures are rough" if counts[2] < FEW else ""
    return Outlook("retrieval only", pairs=expected, doubt=doubt, actions=pairs.space.num_actions)


def _examples(table: Table, broken: list[str]) -> tuple[ImageArray, tuple[tuple[str, ...], ...]]:
    """Both images of some pairs, far apart in the list, with the action and "before" or "after"."""
    at = {name.lower(): k for k, name in enumerate(table.header)}
    reach = min(len(table.rows), REACH)
    rows = np.unique(np.linspace(0, reach - 1, min(EXAMPLES // 2, reach)).round().astype(int)).tolist()
    shown = [(table.rows[row], end, row) for row in rows for end in PAIRS[:2]]
    places = [place_of(table, cells[at[end]], row) for cells, end, row in shown]
    number = {place: n for n, place in enumerate(dict.fromkeys(places))}
    read = {n: image.copy() for n, image in pictures(table.files, number, table.where, broken)}
    seen = [k for k, place in enumerate(places) if number[place] in read]
    images = [read[number[places[k]]] for k in seen]
    labels = tuple((shown[k][0][at["action"]].strip(), shown[k][1]) for k in seen)
    return np.stack(images) if images else np.zeros((0, 64, 64, 3), np.uint8), labels
