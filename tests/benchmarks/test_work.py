"""The work goes on where it was, and a failure costs only what depends on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.commands import Outcome
from benchmarks.measured import collect
from benchmarks.plan import experiments, plan
from benchmarks.records import Folder, Record
from benchmarks.work import Stopped, Work
from tests.benchmarks.conftest import Stub, chosen, fine, put_run, row, table_of


def test_everything_is_done_once(work: Work, stub: Stub, folder: Folder) -> None:
    """The second time nothing is left to do."""
    steps = plan(chosen("shapes"), (0, 1))
    work.do(steps)
    assert stub.verbs() == ["build", "train", "evaluate", "train", "evaluate"]
    work.do(steps)
    assert len(stub.told) == 5
    record = folder.done(steps[1])
    assert record
    assert record.wall_s == 60.0
    assert record.machine["cores"]


def test_results_count_without_the_runs_that_they_came_from(
    stub: Stub, folder: Folder, tmp_path: Path
) -> None:
    """Kept results need nothing again; a seed that joins them needs the cache, and its own training."""
    kept = tmp_path / "kept"
    first = Folder(folder.path, kept)
    first.make()
    Work(first, stub, {}, print, busy_cores=lambda: 0.0).do(plan(chosen("shapes"), (0,)))
    elsewhere = Folder(tmp_path / "elsewhere", kept)
    elsewhere.make()
    there = Stub(elsewhere.path)
    work = Work(elsewhere, there, {}, print, busy_cores=lambda: 0.0)
    work.do(plan(chosen("shapes"), (0,)))
    assert there.told == []
    work.do(plan(chosen("shapes"), (0, 1)))
    assert there.verbs() == ["build", "train", "evaluate"]
    assert "runs/shapes-1" in there.told[1]
    assert [seed.seed for seed in collect(elsewhere, False, None)[0].seeds] == [0, 1]


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": "other"}'])
def test_a_damaged_result_is_done_again(work: Work, stub: Stub, folder: Folder, damage: str) -> None:
    """A file that is no result counts as absent, and what followed from it is measured again."""
    steps = plan(chosen("shapes"), (0,))
    work.do(steps)
    (folder.results / "shapes-0.train.json").write_text(damage, encoding="utf-8")
    work.do(steps)
    assert stub.verbs() == ["build", "train", "evaluate", "train", "evaluate"]
    assert folder.done(steps[1])


def test_a_result_without_attempts_as_they_are_written_is_damaged(work: Work, folder: Folder) -> None:
    """Every field is needed: a result that lacks some is done again."""
    steps = plan(chosen("shapes"), (0,))
    work.do(steps)
    path = folder.results / "shapes-0.evaluate.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["attempts"][0]["wall_s"]
    path.write_text(json.dumps(data), encoding="utf-8")
    assert folder.done(steps[2]) is None
    assert folder.is_damaged(steps[2])


def test_other_settings_do_the_step_again(work: Work, stub: Stub) -> None:
    """A result is valid for the commands that led to it, from the cache on."""
    (experiment,) = chosen("shapes")
    work.do(plan((experiment,), (0,)))
    work.do(plan((replace(experiment, build=("shapes", "--test-pairs", "9")),), (0,)))
    assert stub.verbs() == ["build", "train", "evaluate"] * 2


def test_a_stopped_training_goes_on(work: Work, stub: Stub, folder: Folder) -> None:
    """What was saved is resumed with the run's own settings; the times of both stretches count."""
    steps = plan(chosen("shapes"), (0,))

    def stop(_words: list[str]) -> Outcome:
        put_run(folder, steps[1], "stopped")
        stub.stopped = True
        return Outcome(130, {"reason": "stopped"}, 300.0, 500.0)

    stub.answers["train"] = stop
    with pytest.raises(Stopped):
        work.do(steps)
    assert folder.begun(steps[1])
    stub.stopped = False
    stub.answers["train"] = lambda words: fine({"step": 200, "elapsed_s": 350.0})
    work.do(steps)
    assert stub.told[2] == "train --dataset caches/shapes.h5 --run runs/shapes-0 --resume --json"
    record = folder.done(steps[1])
    assert record
    assert [attempt.wall_s for attempt in record.attempts] == [300.0, 60.0]
    assert record.cpu_share == pytest.approx(610 / (360 * record.attempts[0].cores))
    assert folder.begun(steps[1]) is None


def test_a_killed_training_goes_on_and_says_so(work: Work, stub: Stub, folder: Folder) -> None:
    """A stretch that nobody could measure is counted as lost, and the run's own clock tells the time."""
    steps = plan(chosen("shapes"), (0,))

    def die(_words: list[str]) -> Outcome:
        put_run(folder, steps[1], None)
        raise SystemExit

    stub.answers["train"] = die
    with pytest.raises(SystemExit):
        work.do(steps)
    stub.answers["train"] = lambda words: fine({"step": 200, "elapsed_s": 480.0})
    work.do(steps)
    assert "--resume" in stub.told[2]
    (seed,) = next(one for one in collect(folder, False, None) if one.name == "shapes").seeds
    assert seed.train.lost == 1
    assert seed.minutes == pytest.approx(1 + 8)  # a minute of building, 480 s by the run's clock
    assert "1×" in row(table_of(folder).split("### Time")[1], "shapes")


def test_a_training_that_ended_alone_is_not_repeated(work: Work, stub: Stub, folder: Folder) -> None:
    """Only the benchmark was killed, its training came to its end: the run directory tells what it was."""
    steps = plan(chosen("shapes"), (0,))
    folder.save_begun(steps[1], Record(steps[1].chain, lost=1))
    put_run(folder, steps[1], "done")
    work.do(steps)
    assert stub.verbs() == ["build", "evaluate"]
    record = folder.done(steps[1])
    assert record
    assert (record.result["step"], record.result["elapsed_s"]) == (900, 580.0)


def test_a_run_of_unknown_origin_is_not_resumed(work: Work, stub: Stub, folder: Folder) -> None:
    """Without the note of its beginning nobody knows by which settings a run was made: it begins again."""
    steps = plan(chosen("shapes"), (0,))
    put_run(folder, steps[1], "stopped")
    work.do(steps)
    assert not any("--resume" in line for line in stub.told)
    assert not list((folder.path / steps[1].run).iterdir())  # the stub makes an empty one


def test_a_run_of_other_settings_is_not_resumed(work: Work, stub: Stub, folder: Folder) -> None:
    """A training that was begun with other commands begins again with these."""
    steps = plan(chosen("shapes"), (0,))
    put_run(folder, steps[1], "stopped")
    folder.save_begun(steps[1], Record(("build shapes", "train --minutes 3")))
    work.do(steps)
    assert not any("--resume" in line for line in stub.told)


def test_a_run_that_cannot_be_resumed_begins_again(work: Work, stub: Stub, folder: Folder) -> None:
    """A damaged checkpoint costs the training, not the benchmark."""
    steps = plan(chosen("shapes"), (0,))
    folder.save_begun(steps[1], Record(steps[1].chain))
    put_run(folder, steps[1], "stopped")
    stub.answers["train"] = lambda words: (
        Outcome(2, {"error": "the checkpoint is damaged"}, 1.0, 1.0)
        if "--resume" in words
        else fine({"step": 5})
    )
    work.do(steps)
    assert stub.verbs() == ["build", "train", "train", "evaluate"]
    assert not work.failures


def test_a_failure_costs_only_what_depends_on_it(work: Work, stub: Stub) -> None:
    """The other experiments are done, and the failure is said."""
    stub.answers["build"] = lambda words: (
        Outcome(1, {"error": "The disk is full"}, 1.0, 1.0) if "--skew" in words else fine({"images": 9})
    )
    work.do(plan(chosen("shapes", "imbalanced"), (0, 1)))
    assert stub.verbs() == ["build", "train", "evaluate", "build", "train", "evaluate"]
    assert work.failures == ["imbalanced.build failed: The disk is full"]


def test_a_command_that_prints_nothing_failed(work: Work, stub: Stub, folder: Folder) -> None:
    """Code 0 without a JSON object is no result."""
    stub.answers["evaluate"] = lambda words: Outcome(0, {}, 1.0, 1.0)
    steps = plan(chosen("shapes"), (0,))
    work.do(steps)
    assert work.failures
    assert folder.done(steps[2]) is None


def test_missing_files_skip_with_a_sentence(work: Work, stub: Stub, said: list[str]) -> None:
    """Sprites and faces need the user's files; without them the rest is done, and it is said once."""
    work.do(plan(experiments(), (0, 1, 2)))
    assert not any("sprites" in line or "celeba" in line for line in stub.told)
    assert len(work.skipped) == 2
    assert "--sprites PATH" in work.skipped[0]
    assert "--faces PATH" in work.skipped[1]
    assert not work.failures


def test_a_built_cache_needs_no_files_any_more(
    folder: Folder, stub: Stub, work: Work, tmp_path: Path
) -> None:
    """Once sprites are imported, the benchmark goes on without being told where the sheets are."""
    steps = plan(chosen("sprites"), (0,))
    Work(folder, stub, {"sprites": tmp_path}, lambda _: None, busy_cores=lambda: 0.0).do(steps[:1])
    work.do(steps)
    assert stub.verbs() == ["build", "train", "evaluate"]


def test_a_busy_machine_is_said_and_kept(folder: Folder, stub: Stub, said: list[str]) -> None:
    """A training beside other work is warned of, and the table calls it starved."""
    stub.answers["train"] = lambda words: Outcome(0, {"step": 9}, 600.0, 300.0)
    steps = plan(chosen("shapes"), (0,))
    Work(folder, stub, {}, said.append, busy_cores=lambda: 1.4).do(steps)
    assert any("others keep 1.4 cores busy" in line for line in said)
    record = folder.done(steps[1])
    assert record
    assert record.attempts[0].busy_before == 1.4
    assert "starved" in table_of(folder)


def test_a_kept_result_does_not_say_where_the_files_are(work: Work, stub: Stub, folder: Folder) -> None:
    """The recipe of imported data names the user's folder; results are passed on without it."""
    said = {"name": "sprites", "recipe": {"seed": 0, "source": "sheets of somebody"}}
    stub.answers["build"] = lambda _words: fine(said)
    steps = plan(chosen("shapes"), (0,))
    work.do(steps)
    assert "somebody" not in (folder.results / "shapes.build.json").read_text(encoding="utf-8")
    record = folder.done(steps[0])
    assert record
    assert record.result == {"name": "sprites", "recipe": {"seed": 0}}
