"""The benchmark of retrieval in pieces: what is kept, which pairs are asked about, the page of the runs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import retrieval_page
from benchmarks.paths import pairs_apart, search_figures
from benchmarks.pieces import OutOfTime, Pieces
from benchmarks.report import InputError
from datasets.factors import Factor, FactorSpace
from tests.engine.test_action_paths import SPACE, Exact

OF = {"run": "abc"}


def cache_of(values: np.ndarray, space: FactorSpace = SPACE, labels: bool = True) -> SimpleNamespace:
    """Stands in for a cache whose images are their own values; odd rows are test images."""
    return SimpleNamespace(
        space=space,
        has_factor_labels=labels,
        own_values=values,
        rows=lambda _split: np.arange(1, len(values), 2),
        images=lambda rows: values[np.array(rows)],
    )


def some_values(images: int = 60) -> np.ndarray:
    return np.random.default_rng(0).integers(0, [6, 5, 4, 4], (images, 4))


class Seeing(Exact):
    """An exact model that reads the values off a stand-in's images."""

    def encode(self, images: np.ndarray) -> np.ndarray:
        return images


def test_a_stopped_benchmark_goes_on(tmp_path: Path) -> None:
    """What is done is not done again, a torn line is, and the figures are those without a stop."""
    cache, kept = cache_of(some_values()), tmp_path / "kept" / "a.jsonl"
    whole = search_figures(Seeing(True), cache, 5, Pieces(None, OF))
    assert whole["path_2"] == whole["path_3"] == whole["path_5"] == 1.0
    assert whole["path_2_pairs"] == 5
    assert whole["path_2_misled"] is None  # nothing is left to be misled about
    with pytest.raises(OutOfTime):
        search_figures(Seeing(True), cache, 5, Pieces(kept, OF, minutes=0))
    first = Pieces(kept, OF)
    search_figures(Seeing(True), cache, 2, first)
    kept.write_bytes(kept.read_bytes() + b'{"piece": "torn')
    again = Pieces(kept, OF)
    assert again.done == first.done
    assert len(again.done) == 3 * 2 + 2
    explorer = Seeing(True)
    figures = search_figures(explorer, cache, 5, again)
    told = [key for key in figures if not key.endswith("_s")]
    assert [figures[key] for key in told] == [whole[key] for key in told]
    explorer.calls = 0
    assert search_figures(explorer, cache, 5, Pieces(kept, OF)) == figures
    assert explorer.calls == 0


def test_a_model_that_misleads_is_told_from_a_search_that_fails() -> None:
    """Where wrong actions come nearer than the true ones, no search by distance finds those."""

    class Timid(Seeing):
        """Takes the second factor for the first: its steps do what the first one's do."""

        def next_codes(self, codes: np.ndarray, actions: np.ndarray) -> np.ndarray:
            return super().next_codes(codes, np.where(actions % 4 == 1, actions - 1, actions))

        def latents(self, codes: np.ndarray) -> np.ndarray:
            return super().latents(codes) * np.array([1, 0.1, 1, 1], np.float32)

    figures = search_figures(Timid(False), cache_of(some_values()), 20, Pieces(None, OF))
    assert 0 < figures["path_2"] < 1
    assert figures["path_2_misled"] > 0.5
    few = search_figures(Seeing(False), cache_of(some_values()), 20, Pieces(None, OF))
    assert few["path_3_misled"] is None


def test_pieces_of_something_else_are_refused(tmp_path: Path) -> None:
    """Those of another run, and a file that is none, are named; nothing is overwritten."""
    kept = tmp_path / "a.jsonl"
    Pieces(kept, OF).get("x", lambda: {"y": 1})
    with pytest.raises(InputError, match=r"something else \(run\)"):
        Pieces(kept, {"run": "other"})
    for text in ("words\n", '{"piece": 1}\n', "[1]\n"):
        kept.write_text(text)
        with pytest.raises(InputError, match="no file of"):
            Pieces(kept, OF)
        assert kept.read_text() == text


@given(st.integers(1, 6), st.integers(0, 40))
def test_pairs_are_as_far_apart_as_is_said(length: int, count: int) -> None:
    """Different pairs of test images, each so many steps apart in three factors at most."""
    cache = cache_of(some_values())
    pairs = pairs_apart(cache, length, count)
    assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs) <= count
    assert (pairs % 2 == 1).all()
    apart = np.abs(cache.own_values[pairs[:, 0]] - cache.own_values[pairs[:, 1]])
    assert (apart.sum(axis=1) == length).all()
    assert ((apart > 0).sum(axis=1) <= 3).all()


def test_where_no_pair_can_be_named_nothing_is_measured() -> None:
    """Without labels, where actions are no single steps, and where values do not reach so far."""
    binary = np.random.default_rng(0).integers(0, 2, (40, 4))
    around = FactorSpace((Factor("hue", ("r", "g", "b"), acts="around"), *SPACE.factors[1:]))
    for cache in (cache_of(some_values(), labels=False), cache_of(some_values(), around)):
        assert len(pairs_apart(cache, 2, 5)) == 0
    figures = search_figures(Seeing(True), cache_of(binary), 4, Pieces(None, OF))
    assert figures["path_5"] is None
    assert figures["path_5_pairs"] == 0
    assert figures["path_2"] is not None


def test_runs_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column a file with its bars, one that is missing says so, and the rest of the page stays."""
    figures = {"run": "bundled", "dataset": "shapes", "actions": 12, "one_pair_ms": 40.0, "path_5": 0.8}
    figures |= {"path_5_low": 0.7, "path_5_high": 0.9, "path_5_pairs": 500, "path_2": None}
    faces = {**figures, "run": "f", "dataset": "celeba", "actions": 20}
    for name, one in (("shapes", figures), ("faces", faces)):
        (tmp_path / f"retrieval-{name}.json").write_text(json.dumps(one))
    page = tmp_path / "page.md"
    page.write_text("before\n\n" + "\n\n".join(retrieval_page.MARKS) + "\n\nafter\n")
    names = [str(tmp_path / f"retrieval-{name}.json") for name in ("shapes", "sprites", "faces")]
    assert retrieval_page.main([*names, "--page", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "| figure | shapes, 12 actions | sprites | celeba, 20 actions |" in text
    assert "40.0 ms, ≤ 30 ms: **missed** | not measured | 40.0 ms, ≤ 30 ms: **missed** |" in text
    long = "0.800 (0.700 – 0.900), 500 pairs"
    assert f"{long}, ≥ 0.7: met | not measured | {long} |" in text
    assert "sprites: not measured yet" in text
    (tmp_path / "retrieval-faces.json").write_text("{}")
    assert retrieval_page.main([*names, "--page", str(page)]) == 2
    assert "retrieval-faces.json" in capsys.readouterr().err
    assert page.read_text() == text
