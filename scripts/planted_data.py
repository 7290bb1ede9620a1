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
        "datasets/steps.py",
        "rng.integers(0, self._ways[factor])",
        "rng.integers(0, self._ways[factor] + 1)",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "actions turned",
        "datasets/steps.py",
        "(np.where(rises, up[factor], down[factor]), np.where(rises, down[factor], up[factor]))",
        "(np.where(rises, down[factor], up[factor]), np.where(rises, up[factor], down[factor]))",
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
        "pairs[there:, 0, :, :, None]",
        "pairs[there:, 1, :, :, None]",
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
        "len(np.unique(index)) < len(index) or kept.seen[index].any()",
        "len(np.unique(index)) < len(index)",
        "tests/datasets/test_importers.py",
    ),
    Planted(
        "held-out combinations in training",
        "datasets/build.py",
        "Within(part, held_out, split == _TEST)",
        "Within(part, held_out, True)",
        "tests/datasets/test_pair_rules.py",
    ),
    Planted(
        "one end of a pair held out",
        "datasets/pair_rules.py",
        "& (self._held_out.of(second) == self._inside)",
        "& (second >= 0)",
        "tests/datasets/test_pair_rules.py",
    ),
    Planted(
        "around the end in the wrong direction",
        "datasets/steps.py",
        "return way, (way + factor.step) % factor.size",
        "return (way + factor.step) % factor.size, way",
        "tests/datasets/test_pair_rules.py",
    ),
    Planted(
        "a value set to what was before",
        "datasets/steps.py",
        "for ends, chosen in ((after, action), (before, back)):",
        "for ends, chosen in ((before, action), (after, back)):",
        "tests/datasets/test_pair_rules.py",
    ),
    Planted(
        "several factors by their single actions' order",
        "engine/metrics/several.py",
        "np.argsort(-score, axis=1",
        "np.argsort(score, axis=1",
        "tests/engine/test_other_actions.py",
    ),
    Planted(
        "pairs without a way back read backwards",
        "datasets/cache.py",
        "there = self.back >= 0",
        "there = self.back >= -1",
        "tests/engine/test_other_actions.py",
    ),
    Planted(
        "connected images in two splits",
        "datasets/own_pairs.py",
        "splits = _by_piece(sizes, np.random.default_rng([seed, 4]))[pieces]",
        "splits = np.random.default_rng([seed, 4]).permutation(splits)",
        "tests/datasets/test_own_pairs.py",
    ),
    Planted(
        "a wrong check sum called right",
        "datasets/file_check.py",
        'checksum="right" if right else "wrong"',
        'checksum="right"',
        "tests/cli/test_verifying.py",
    ),
    Planted(
        "a damaged cache called sound",
        "datasets/file_check.py",
        "(self.findings is None or self.findings.sound)",
        "True",
        "tests/cli/test_verifying.py",
    ),
    Planted(
        "one value left for training",
        "datasets/pair_choices.py",
        "if alone and left < 2:",
        "if alone and left < 1:",
        "tests/datasets/test_pair_choices.py",
    ),
    Planted(
        "a renamed factor held out under its old name",
        "datasets/pair_choices.py",
        "return Hole(tuple((names.get(name, name), values) for name, values in one.values))",
        "return one",
        "tests/datasets/test_pair_choices.py",
    ),
    Planted(
        "opacity taken for a colour",
        "datasets/own_images.py",
        "colour = np.rint(colour * (alpha / np.float32(255))).astype(np.uint8)",
        "pass",
        "tests/datasets/test_own_input.py",
    ),
    Planted(
        "images that were not square not counted",
        "datasets/own_images.py",
        "return [RESIZED if width == height else SQUEEZED]",
        "return [RESIZED]",
        "tests/datasets/test_own_input.py",
    ),
    Planted(
        "orders of a watched run read twice",
        "engine/steering.py",
        "                file.unlink()",
        "                pass",
        "tests/engine/test_steering.py",
    ),
    Planted(
        "a walk through words that never ends",
        "datasets/hdf5_heaps.py",
        "            return True\n",
        "            return False\n",
        "tests/datasets/test_hdf5_heaps.py",
    ),
    Planted(
        "a cache opened without that look",
        "datasets/cache.py",
        "                refuse_endless(path, file)",
        "                pass",
        "tests/datasets/test_hdf5_heaps.py",
    ),
    Planted(
        "an interrupted import of a file that changed since",
        "datasets/kept_import.py",
        "file.stat().st_size, file.stat().st_mtime_ns)",
        "file.stat().st_size, 0)",
        "tests/datasets/test_kept_import.py",
    ),
    Planted(
        "an interrupted import read from the start again",
        "datasets/kept_import.py",
        "self.rows += rows",
        "self.rows = 0",
        "tests/datasets/test_kept_import.py",
    ),
    Planted(
        "rows passed over that were never read",
        "datasets/importers/smallnorb.py",
        "there = max(0, first - start)",
        "there = min(count, first)",
        "tests/datasets/test_kept_import.py",
    ),
)
