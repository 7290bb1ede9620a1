"""Actions that are no plain steps: around the end, to a value, of more than one value, or mere words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datasets
from datasets.build import build
from datasets.cache import Cache
from datasets.factors import Factor, FactorSpace
from datasets.recipe import Hole, Recipe
from datasets.steps import acted
from engine import evaluation
from engine.action_paths import find_path
from engine.batches import TransitionSampler
from engine.calibration import Calibration, unlike_pairs
from engine.evaluation import evaluate
from engine.explorer import Explorer
from engine.judging import judging_steps
from engine.metrics.labelled import Code
from engine.metrics.rollouts import TrueImages
from engine.metrics.several import answers, most_probable, several_steps
from engine.results import PairScores
from engine.retrieval import retrieve
from engine.training import train
from engine.traversal import traverse_actions
from tests.engine.blocks import BlocksSource, Oracle
from tests.engine.test_interventions import measure, nothing  # noqa: F401 (fixture)
from tests.engine.trainings import brief_config

SIZES = (6, 5, 4)
RULES = {"rules": ("wrap", "set"), "steps": ("f2=2",)}


class KindBlocks(BlocksSource):
    """A circle, some names, and a row of numbers."""

    def __init__(self) -> None:
        super().__init__(SIZES)
        kinds = ("cyclic", "nominal", "ordinal")
        factors = zip(self.space.factors, kinds, strict=True)
        self.space = FactorSpace(tuple(Factor(f.name, f.values, kind) for f, kind in factors))  # type: ignore[arg-type]


def ruled(path: Path, **parts: object) -> Path:
    counts = {"seed": 3, "train_pairs": 60, "validation_pairs": 8, "test_pairs": 12} | RULES | parts
    for _ in build(KindBlocks(), path, Recipe("blocks", **counts)):  # type: ignore[arg-type]
        pass
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache.open(ruled(tmp_path / "ruled.h5")) as opened:
        yield opened


class RuledOracle(Oracle):
    """Acts and tells as the space says."""

    def __init__(self, space: FactorSpace) -> None:
        super().__init__(acts=lambda codes, action: np.clip(acted(space, codes, action), -2, 8))
        self.info.space = space

    def retrieve_codes(self, before: np.ndarray, after: np.ndarray) -> PairScores:
        space = self.info.space
        each = [acted(space, before, np.full(len(before), a)) for a in range(space.num_actions)]
        distance = np.abs(np.stack(each, axis=1) - after[:, None]).sum(axis=2).astype(np.float32)
        return PairScores(-distance, distance, np.abs(before - after).sum(axis=1).astype(np.float32))

    def next_codes(self, codes: Code, actions: np.ndarray) -> Code:
        return np.clip(acted(self.info.space, codes, actions), 0, np.array(SIZES) - 1)

    def apply_action(self, codes: Code, action: int):
        acted_on = self.apply_actions(codes[None], np.array([action]))
        return type("Done", (), {"codes": acted_on.codes[0], "image": acted_on.images[0]})

    def decode(self, codes: Code) -> np.ndarray:
        return super().decode(codes) if codes.ndim == 2 else super().decode(codes[None])[0]


def test_figures_of_a_model_without_fault(cache: Cache, measure) -> None:  # noqa: F811
    """Full marks also after repeated actions: around the end, and a value that is set stays set."""
    figures = measure(RuledOracle(cache.space))
    for name in ("directed_accuracy", "factor_accuracy", "atomic_rate", "hit_rate", "probe_ceiling"):
        assert figures[name] == pytest.approx(1.0), name
    assert figures["collateral_rate"] == 0
    assert {entry["hit_rate"] for entry in figures["rollout"]} == {1.0}
    assert figures["actions"] == list(cache.space.action_names)
    occurring = np.unique(cache.transitions("test").action)
    assert figures["chance"] == pytest.approx(1 / len(occurring))
    assert figures["factor_chance"] == pytest.approx(1 / 3)
    assert figures["factor_graph"]["found"] == 0


def test_true_images_after_an_action(cache: Cache) -> None:
    """Around the end there is an image, beyond it there is none."""
    truth, names = TrueImages(cache), cache.space.action_index
    own = np.array([[5, 2, 3], [5, 2, 2], [0, 2, 1]])
    wanted, known = truth.after(own, np.array([names("f0+"), names("f2+"), names("f1=v4")]), 1)
    assert wanted.tolist() == [[0, 2, 3], [5, 2, 4], [0, 4, 1]]
    assert known.tolist() == [True, False, True]


def test_unlike_pairs_are_two_actions_apart(cache: Cache) -> None:
    """Around the end is one action, and so is any other name; they are never taken for several."""
    values = cache.space.to_values(np.arange(cache.space.num_images))
    first, second = unlike_pairs(cache.space, values, 200, np.random.default_rng(0))
    apart = cache.space.actions_between(values[first], values[second])
    assert apart.min() == 2
    assert cache.space.actions_between([0, 0, 0], [5, 0, 0]) == 1
    assert cache.space.actions_between([0, 0, 0], [0, 4, 0]) == 1
    assert cache.space.actions_between([0, 0, 0], [0, 0, 3]) > 1


def test_paths_go_around_and_set(cache: Cache) -> None:
    """One action around the end and one that sets, where steps would be many."""
    oracle = RuledOracle(cache.space)
    found = find_path(oracle, np.array([0, 0, 0]), np.array([5, 4, 2]), beam=4)  # type: ignore[arg-type]
    assert {cache.space.action_names[a] for a in found.actions} == {"f0-", "f1=v4", "f2+"}
    assert len(found.actions) == 3
    assert found.distance == 0


def test_batches_hold_true_transitions(cache: Cache) -> None:
    """Both directions of each pair, each with the action that leads there."""
    import torch

    codes = torch.from_numpy(cache.factors)
    sampler = TransitionSampler(cache, codes, 400)
    batch = sampler.draw(np.random.default_rng(0))
    before, after, action = (x.numpy() for x in batch)
    assert (acted(cache.space, before, action) == after).all()
    assert set(action.tolist()) == set(range(cache.space.num_actions))
    sampler.note(batch.action_B, torch.where(batch.action_B >= 4, 2.0, 0.5))
    assert sampler.errors[1] > sampler.errors[0]


def test_a_run_with_rules_and_held_out_names(tmp_path: Path) -> None:
    """Trained, opened, acted with by name, asked and measured; the test has what training never saw."""
    hole = (Hole((("f0", (2, 3)), ("f1", (0, 1)))),)
    with Cache.open(ruled(tmp_path / "ruled.h5", hold_out=hole)) as cache:
        for _ in train(brief_config(), cache, tmp_path / "run", threads=1):
            pass
        explorer = Explorer.load(tmp_path / "run", threads=1)
        assert explorer.info.space == cache.space
        before = cache.images([0])[0]
        codes = explorer.encode(before[None])[0]
        assert explorer.apply_action(codes, cache.space.action_index("f1=v3")).image.shape == (16, 16, 3)
        rows = list(traverse_actions(explorer, codes, [0, 1], steps=2))
        assert [row.labels for row in rows] == [
            ("-2", "-1", "0", "+1", "+2"),
            ("0", "v0", "v1", "v2", "v3", "v4"),
        ]
        assert (rows[1].codes[0] == codes).all()
        assert retrieve(explorer, before, cache.images([1])[0]).action_names == cache.space.action_names
        judged = next(judging_steps(explorer, cache))
        assert judged.total == 12
        assert (judged.value >= 0).all()


def test_several_actions_by_hand() -> None:
    """The best actions of the best factors, ascending; chance is one in the number of such answers."""
    space = FactorSpace((Factor("a", ("0", "1")), Factor("b", ("0", "1", "2"), "nominal", "set")))
    chance = np.log(np.array([[0.1, 0.2, 0.1, 0.1, 0.5]], np.float32))
    assert space.action_names == ("a+", "a-", "b=0", "b=1", "b=2")
    assert most_probable(space, chance, 2).tolist() == [[1, 4]]
    assert most_probable(space, chance, 1).tolist() == [[4]]
    assert [answers(space, count) for count in (1, 2)] == [5, 6]


def test_several_actions_are_measured(tmp_path: Path) -> None:
    """A model without fault tells all of them; one that takes single actions for all tells none."""
    path = ruled(tmp_path / "several.h5", several=2, train_pairs=30)
    plain = Calibration("", 1, 1.0, 20.0, None)
    with Cache.open(path) as cache:

        class Sums(RuledOracle):
            """Tells an action by its own factor alone, as one that knows several at once would."""

            def retrieve_codes(self, before: np.ndarray, after: np.ndarray) -> PairScores:
                found = super().retrieve_codes(before, after)
                for action, factor in enumerate(cache.space.action_factors):
                    right = (
                        acted(cache.space, before, np.full(len(before), action))[:, factor]
                        == after[:, factor]
                    )
                    moved = before[:, factor] != after[:, factor]
                    found.log_probability[:, action] = np.where(right & moved, 0, -9)
                return found

        figures = finish(several_steps(Sums(cache.space), cache, plain))  # type: ignore[arg-type]
        assert figures["accuracy"] == 1
        assert figures["pairs"] == 12
        assert figures["factors"] == 2
        assert figures["told"] is None
        assert figures["chance"] == pytest.approx(1 / answers(cache.space, 2))
        few = finish(several_steps(Sums(cache.space), cache, plain, 5))  # type: ignore[arg-type]
        assert few["pairs"] == 5
    with Cache.open(ruled(tmp_path / "none.h5")) as cache:
        assert finish(several_steps(RuledOracle(cache.space), cache, plain)) is None  # type: ignore[arg-type]


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


# ------------------------------------------------------------ mere words


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of pairs: two actions that undo each other, and one of which nothing is known."""
    folder = tmp_path_factory.mktemp("pairs") / "mine"
    folder.mkdir()
    lines, rng = ["before,after,action"], np.random.default_rng(0)
    for n in range(90):
        word, ground = ("lift+", "lift-", "paint")[n % 3], rng.integers(0, 256, 3)
        for end, name in enumerate(("a", "b")):
            image = np.full((16, 16, 3), ground, np.uint8)
            top = 4 if (word == "lift+") == bool(end) and word != "paint" else 10
            image[top : top + 4, 4:12] = (255, 0, 0) if end and word == "paint" else (0, 0, 0)
            Image.fromarray(image).save(folder / f"{n}{name}.png")
        lines.append(f"{n}a.png,{n}b.png,{word}")
    (folder / "pairs.csv").write_text("\n".join(lines))
    out = folder.parent / "pairs.h5"
    for _ in datasets.build_recipe(datasets.make_recipe("own", source=folder), out):
        pass
    return out


def test_a_run_of_a_list_of_pairs(listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retrieval and image quality are measured; what needs factor labels says so."""
    monkeypatch.setattr(evaluation, "_graph", nothing)  # takes long and knows no factors
    with Cache.open(listed) as cache:
        for _ in train(brief_config(), cache, tmp_path / "run", threads=1):
            pass
        explorer = Explorer.load(tmp_path / "run", threads=1)
        figures = evaluate(explorer, cache, quick=True)
        assert 0 <= figures["directed_accuracy"] <= 1
        assert figures["actions"] == ["lift+", "lift-", "paint"]
        assert figures["psnr"] > 0
        assert figures["temperature"] > 0
        assert figures["probe_accuracy"] is figures["dci"] is figures["kinds"] is None
        needing = [note for note in figures["notes"] if "needs factor labels" in note]
        assert len(needing) == 3, figures["notes"]
        judged = next(judging_steps(explorer, cache))
        assert (judged.value == -1).all()
        assert judged.train_pairs.sum() >= 60
        codes = explorer.encode(cache.images([0]))[0]
        rows = list(traverse_actions(explorer, codes, [0, 1], steps=2))
        assert [len(row.labels) for row in rows] == [5, 5]


def test_pairs_without_a_way_back_are_read_one_way(listed: Path) -> None:
    """Lifting is read in both directions, painting as it is listed."""
    import torch

    with Cache.open(listed) as cache:
        pairs, space = cache.transitions("train"), cache.space
        there = set(zip(pairs.before.tolist(), pairs.after.tolist(), pairs.action.tolist(), strict=True))
        rows = torch.arange(cache.num_images)[:, None]
        batch = TransitionSampler(cache, rows, 600).draw(np.random.default_rng(0))
        drawn = {tuple(int(x) for x in one) for one in zip(*batch, strict=True)}
        paint = space.action_index("paint")
        assert {one for one in drawn if one[2] == paint} <= there
        lifted = {one for one in drawn if one[2] != paint}
        assert lifted - there
        assert {(after, before, 1 - action) for before, after, action in lifted - there} <= there
        back = pairs.reversed().reversed()
        assert (back.before == pairs.before).all()
        assert evaluation.training_pairs(pairs, 3).tolist()[2] == int((pairs.action == paint).sum())


def test_images_that_cannot_be_drawn_are_looked_up(tmp_path: Path) -> None:
    """One's own images have a source that only reads: true images then come from the cache."""
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = ["path,a,b"]
    for a, b in np.ndindex(8, 8):
        Image.new("RGB", (8, 8), (20 * a, 20 * b, 3)).save(folder / f"{a}{b}.png")
        lines.append(f"{a}{b}.png,{a},{b}")
    (folder / "labels.csv").write_text("\n".join(lines))
    for _ in datasets.build_recipe(datasets.make_recipe("own", source=folder), tmp_path / "x.h5"):
        pass
    with Cache.open(tmp_path / "x.h5") as cache:
        rows = cache.rows("test")
        images, known = TrueImages(cache).find(cache.factors[rows])
        assert known.all()
        assert (images == cache.images(rows)).all()
        assert not TrueImages(cache).find(cache.factors[cache.rows("train")])[1].any()
