"""The errors of scripts/planted_list.py that concern data sets."""

from __future__ import annotations

from typing import NamedTuple


class Planted(NamedTuple):
    """One error: `old` occurs once in `path` and becomes `new`; `test` should fail then."""

    name: str
    path: str
    old: str
    new: str
    test: str


PLANTED_IN_DATA = (
    Planted(
        "repetitions forgotten",
        "datasets/steps.py",
        "repetitions * np.where(action < num_factors, 1, -1)",
        "np.where(action < num_factors, 1, -1)",
        "tests/engine/test_interventions.py",
    ),
    Planted(
        "steps out of the range count",
        "datasets/steps.py",
        "(values >= 0) & (values < np.array(space.sizes))",
        "(values >= -9) & (values < 99 + np.array(space.sizes))",
        "tests/engine/test_interventions.py",
    ),
    Planted(
        "a picture in two splits",
        "datasets/splits.py",
        "if any(self._owner.get(content, split) != split for content in (before, after)):",
        "if False:",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "a pair in two splits",
        "datasets/splits.py",
        "self._settled.add(pair.key)\n        self.pairs",
        "self.pairs",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "pairs that wrap around",
        "datasets/splits.py",
        "rng.integers(0, sizes[factor] - 1)",
        "rng.integers(0, sizes[factor])",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "actions turned",
        "datasets/splits.py",
        "action = np.where(rises, factor, factor + len(sizes))",
        "action = np.where(rises, factor + len(sizes), factor)",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "identical pictures kept as pairs",
        "datasets/splits.py",
        "if before == after:",
        "if False:",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "SmallNORB's second camera",
        "datasets/importers/smallnorb.py",
        "pairs[:, 0, :, :, None]",
        "pairs[:, 1, :, :, None]",
        "tests/datasets/test_importers.py",
    ),
    Planted(
        "labels of an import taken for class numbers",
        "datasets/importing.py",
        "columns.append(rank.reshape(-1))",
        "columns.append(column.astype(np.int64))",
        "tests/datasets/test_importers.py",
    ),
    Planted(
        "an imported image that came twice",
        "datasets/stored.py",
        "len(np.unique(index)) < len(index) or seen[index].any()",
        "len(np.unique(index)) < len(index)",
        "tests/datasets/test_importers.py",
    ),
)
