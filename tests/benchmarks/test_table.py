"""The table tells medians, ranges, misses and gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.bars import BARS, FIGURES, Bar, interval, look_up
from benchmarks.plan import experiments, steps_of
from benchmarks.records import Folder
from tests.benchmarks.conftest import GOOD, chosen, results, row, table_of


def test_the_median_counts_and_the_range_is_shown(folder: Folder) -> None:
    """One bad seed of three does not miss a bar, and hides nowhere."""
    for seed, accuracy in enumerate((0.99, 0.90, 0.975)):
        results(folder, "shapes", seed, directed_accuracy=accuracy)
    table = table_of(folder)
    assert row(table, "directed accuracy (macro)").endswith("| 0.975 (0.900 – 0.990), ≥ 0.97: met |")
    assert "shapes, directed accuracy" not in table.split("### Missed")[1]
    assert "Seeds: 0, 1, 2. Machine: 2 cores (Some CPU), 24 GB" in table


def test_misses_are_shown_beside_the_figure_and_listed(folder: Folder) -> None:
    """Both kinds of bars, at least and at most, on the figures as they are and not as they are rounded."""
    for seed in range(3):
        results(folder, "shapes", seed, directed_accuracy=0.9699, collateral_rate=0.0101, quality_cost_db=1.0)
    table = table_of(folder)
    assert "0.970 (0.970 – 0.970), ≥ 0.97: **missed**" in row(table, "directed accuracy (macro)")
    assert "≤ 0.01: **missed**" in row(table, "collateral rate")
    assert "≤ 1 dB: met" in row(table, "quality cost")
    listed = table.split("### Missed")[1].split("###")[0]
    assert "- shapes, directed accuracy (macro): 0.970 (0.970 – 0.970), bar ≥ 0.97." in listed
    assert "- shapes, collateral rate" in listed
    assert "quality cost" not in listed
    assert "- sprites: not measured." in listed


def test_a_figure_that_is_not_there_is_a_gap_and_not_a_success(folder: Folder) -> None:
    """Null figures are shown as not measured, and are listed when they have a bar."""
    results(folder, "shapes", 0, graph_value=None, rollout=None)
    table = table_of(folder)
    assert row(table, "graph value").endswith("| not measured |")
    assert "- shapes, graph value: not measured, bar ≥ 0.9." in table
    assert "- shapes, hit rate after five repetitions: not measured, bar ≥ 0.9." in table
    assert "- shapes: 1 of 3 seeds measured." in table


def test_a_single_seed_has_its_interval(folder: Folder) -> None:
    """Without a range over seeds, the interval over pairs says how sure the figure is."""
    results(folder, "shapes", 0)
    assert "0.980 (0.970 – 0.990), ≥ 0.97: met" in row(table_of(folder), "directed accuracy (macro)")


def test_imbalance_is_compared_seed_by_seed(folder: Folder) -> None:
    """Points lost against the uniform set of the same size: the median of the differences."""
    for seed, (uniform, skewed) in enumerate(((0.98, 0.95), (0.97, 0.92), (0.99, 0.95))):
        results(folder, "uniform", seed, directed_accuracy=uniform)
        results(folder, "imbalanced", seed, directed_accuracy=skewed)
    table = table_of(folder)
    lost = row(table, "directed accuracy lost against the uniform set")
    assert "4.0 points (3.0 – 5.0), ≤ 3 points: **missed**" in lost
    assert "directed accuracy lost against the uniform set: 4.0 points" in table.split("### Missed")[1]
    assert "≥ 0.85: met" in row(table, "directed accuracy of the worst action")
    assert row(table, "scale+").startswith("| scale+ | 1,200 | 0.910 (0.910 – 0.910) | 1,200 |")


def test_the_time_from_an_empty_home_has_a_bar_too(folder: Folder) -> None:
    """Cache and training together: 12 s and 570 s of the ten minutes."""
    results(folder, "shapes", 0)
    assert "9.7 min, ≤ 10 min: met" in row(table_of(folder), "time from an empty home: cache and training")


def test_a_time_is_of_one_machine(folder: Folder) -> None:
    """Where the cache was built on another machine than the training ran on, no time stands in the table."""
    for seed in (0, 1):
        results(folder, "shapes", seed)
    (experiment,) = chosen("shapes")
    train = steps_of(experiment, 1, False)[1]
    record = folder.done(train)
    assert record
    slow = replace(record.attempts[0], wall_s=3000.0)
    other = {**record.machine, "processor": "Another CPU"}
    folder.save(train, replace(record, attempts=(slow,), machine=other))
    assert "9.7 min, ≤ 10 min: met" in row(table_of(folder), "time from an empty home: cache and training")


def test_tiny_settings_are_held_against_no_bar(folder: Folder) -> None:
    """The quick table shows that everything works, and claims nothing."""
    results(folder, "shapes", 0, quick=True, directed_accuracy=0.1)
    table = table_of(folder, quick=True)
    assert "0.100" in table
    assert "missed" not in table
    assert "met" not in row(table, "directed accuracy (macro)")


def test_notes_and_commands_are_told(folder: Folder) -> None:
    """The page has the commands without paths, and what the evaluations had to say, once."""
    for seed in range(2):
        results(folder, "sprites", seed, notes=["fewer than 200 pairs"])
    table = table_of(folder)
    assert "doscope build sprites --source FOLDER_OF_SHEETS --seed 0" in table
    assert "--minutes 28.5 --seed 0 --run runs/sprites-0" in table
    assert table.count("- sprites: fewer than 200 pairs") == 1
    assert str(folder.path) not in table


def test_every_bar_has_its_row() -> None:
    """A bar whose figure is not in the table would be passed over in silence."""
    keys = {figure.key for figure in FIGURES}
    for name in ("shapes", "sprites", "faces", "quality"):
        assert set(BARS[name]) <= keys
    assert {experiment.name for experiment in experiments()} >= set(BARS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("psnr", 30.0),
        ("worst_action.directed_accuracy", 0.91),
        ("rollout.5.hit_rate", 0.95),
        ("rollout.6.hit_rate", None),
        ("worst_action.action", None),
        ("notes.3", None),
        ("nothing.at.all", None),
    ],
)
def test_figures_are_found_by_their_key(key: str, value: float | None) -> None:
    """Dots lead inwards; whatever is no number was not measured."""
    found = look_up(GOOD, key)
    assert found == (None if value is None else pytest.approx(value))


def test_a_bar_includes_its_limit() -> None:
    """Reached is met, in both directions."""
    assert Bar(0.97).is_met(0.97)
    assert not Bar(0.97).is_met(0.9699)
    assert Bar(1.0, at_most=True).is_met(1.0)
    assert not Bar(1.0, at_most=True).is_met(1.01)
    assert interval({"psnr_interval": [None, 1]}, "psnr") is None
