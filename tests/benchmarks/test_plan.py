"""The plan: commands that Doscope takes, in an order that gives something early."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.commands import make_words
from benchmarks.plan import experiments, plan
from tests.benchmarks.conftest import chosen


@pytest.mark.parametrize("quick", [False, True])
def test_every_command_is_one_of_doscope(quick: bool, tmp_path: Path) -> None:
    """The planned commands are words that the real command line takes."""
    from cli.parser import make_parser

    sources = {"sprites": tmp_path, "faces": tmp_path}
    for step in plan(experiments(quick), (0, 1), quick, threads=2):
        make_parser().parse_args(make_words(step.command, sources))


def test_the_plan_does_each_seed_of_everything_before_the_next() -> None:
    """A benchmark that is stopped early has one seed of everything; a shared cache is built once."""
    names = [step.name for step in plan(chosen("shapes", "uniform", "quality"), (0, 1))]
    assert names[:3] == ["shapes.build", "shapes-0.train", "shapes-0.evaluate"]
    assert names.index("uniform-0.evaluate") < names.index("shapes-1.train")
    assert names.count("shapes.build") == 1
    assert "quality-0.train" in names
    assert "quality-1.train" not in names


def test_trainings_fit_the_time_of_the_bar() -> None:
    """What the cache takes is off the training's minutes, and nothing runs for long when it is quick."""
    for experiment in experiments():
        assert 0.9 * experiment.minutes < experiment.train_minutes < experiment.minutes
    assert max(experiment.train_minutes for experiment in experiments(quick=True)) <= 0.5


def test_commands_hold_no_path_of_the_user() -> None:
    """The user's files enter a command only when it is run."""
    (build, *_) = plan(chosen("sprites"), (0,))
    assert "{sprites}" in build.command
    assert "/my sheets" in make_words(build.command, {"sprites": Path("/my sheets")})
    assert make_words(build.command, {"sprites": Path("x")})[-1] == "--json"
