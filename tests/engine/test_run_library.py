"""Notes of runs, and runs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.comparison import best_of, compare_runs
from engine.errors import InputError, RunError
from engine.run_directory import RunDirectory, matches
from engine.run_notes import NAME, RunNotes, read_notes, write_notes


@given(
    tags=st.lists(st.text(st.characters(exclude_characters=",\n\r", codec="utf-8"), max_size=30)),
    note=st.text(),
)
def test_notes_come_back_as_they_were_written(tmp_path_factory, tags: list[str], note: str) -> None:
    """Any words, in alphabetical order, each tag once."""
    run = tmp_path_factory.mktemp("run")
    (run / "config.json").touch()
    notes = RunNotes(tuple(tags), note)
    write_notes(run, notes)
    assert read_notes(run) == notes
    assert len(set(notes.tags)) == len(notes.tags)
    assert all(tag == tag.strip() and tag for tag in notes.tags)


def test_damaged_notes_are_none(tmp_path: Path) -> None:
    """Nobody loses a run over its notes; and what is no run gets none."""
    assert read_notes(tmp_path) == RunNotes()
    for text in ("{", "[]", '{"tags": 3, "note": ""}', '{"tags": ["a,b"], "note": ""}'):
        (tmp_path / NAME).write_text(text)
        assert read_notes(tmp_path) == RunNotes()
    with pytest.raises(RunError, match="not a run directory"):
        write_notes(tmp_path, RunNotes())
    with pytest.raises(InputError, match="without commas"):
        RunNotes(("a,b",))


def test_only_what_differs_is_compared(tiny_run: Path, tiny_run_copy: Path) -> None:
    """One setting changed by hand: it alone is listed, and the figures of both."""
    config = json.loads((tiny_run_copy / "config.json").read_text())
    config["config"]["training"]["transition_rate"] = 0.5
    (tiny_run_copy / "config.json").write_text(json.dumps(config))
    found = compare_runs([tiny_run, tiny_run_copy])
    assert set(found.settings) == {"training.transition_rate"}
    assert found.settings["training.transition_rate"][1] == 0.5
    assert found.figures["psnr"][0] == found.figures["psnr"][1]
    assert "psnr" not in found.best
    with pytest.raises(RunError):
        compare_runs([tiny_run, tiny_run_copy / "samples"])


def test_what_is_best_depends_on_the_figure() -> None:
    """More accuracy, less collateral damage; nobody knows how much perplexity is good."""
    assert best_of("directed_accuracy", (0.1, 0.9, None, 0.9)) == (1, 3)
    assert best_of("collateral_rate", (0.1, 0.01)) == (1,)
    assert best_of("perplexity", (1.0, 2.0)) == ()
    assert best_of("psnr", (20.0, None)) == ()


def test_a_search_means_all_of_its_words(tiny_run_copy: Path) -> None:
    """Wherever they stand, in whatever case."""
    write_notes(tiny_run_copy, RunNotes(("Views",), "Lost after a while"))
    status = RunDirectory(tiny_run_copy).status()
    assert matches(status, "views LOST")
    assert matches(status, "shapes")
    assert matches(status, "")
    assert not matches(status, "views found")
