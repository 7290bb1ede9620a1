"""Training: what it yields, what it leaves on disk, how it stops, resumes and fails."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datasets.cache import SPLITS, Cache
from engine.checkpoint import load_checkpoint
from engine.config import load_preset
from engine.errors import Diverged, InputError, RunError
from engine.events import CheckpointSaved, PhaseStarted, RunFinished, RunStarted, StepLogged
from engine.explorer import Explorer
from engine.phases import EDGES_SETTLE, rank
from engine.run_directory import RunDirectory
from engine.training import train
from engine.training_state import Budget, TrainingState
from tests.conftest import brief_config, tiny_config


@pytest.fixture
def cache(tiny_cache: Path):
    with Cache.open(tiny_cache) as opened:
        yield opened


def test_a_run_leaves_what_the_docs_promise(tiny_run: Path) -> None:
    """config, metrics, TensorBoard events, both checkpoints and samples are in the run directory."""
    assert (tiny_run / "config.json").is_file()
    assert list(tiny_run.glob("events.out.tfevents.*"))
    assert (tiny_run / "checkpoints" / "best.safetensors").is_file()
    assert (tiny_run / "checkpoints" / "last.safetensors").is_file()
    run = RunDirectory(tiny_run)
    events, _ = run.events()
    assert isinstance(events[0], RunStarted)
    assert [e.phase for e in events if isinstance(e, PhaseStarted)] == ["autoencoder", "transition"]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].reason == "done"
    assert {"psnr", "directed_accuracy", "factor_accuracy"} <= events[-1].figures.keys()
    assert len(run.samples_saved()) >= 3
    assert run.status().finished == "done"
    assert not run.status().resumable


def test_no_test_image_is_ever_looked_at(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither pixels nor pairs of the test split; the autoencoder learns from training images only."""
    seen: list[np.ndarray] = []
    read, asked, drawn = cache.images, cache.transitions, []
    monkeypatch.setattr(cache, "images", lambda rows: (seen.append(np.asarray(rows)), read(rows))[1])
    monkeypatch.setattr(cache, "transitions", lambda split: (drawn.append(split), asked(split))[1])
    short = dataclasses.replace(
        tiny_config().training, autoencoder_steps=12, transition_steps=2, validations=1
    )
    list(train(dataclasses.replace(tiny_config(), training=short), cache, tmp_path / "run", threads=1))
    splits = set(cache.splits[np.concatenate(seen)].tolist())
    assert splits == {SPLITS.index("train"), SPLITS.index("validation")}
    batches = [rows for rows in seen if len(rows) == short.autoencoder_batch]
    assert len(batches) >= 12
    learned = [rows for rows in batches if (cache.splits[rows] == SPLITS.index("train")).all()]
    assert len(learned) >= 12
    assert set(drawn) == {"train", "validation"}


def test_closing_saves_and_a_resumed_run_ends_like_an_uninterrupted_one(cache: Cache, tmp_path: Path) -> None:
    """Stopped in the middle of each phase and resumed, the weights are those of a run that never stopped."""
    config = brief_config()
    for _ in train(config, cache, tmp_path / "whole", threads=1):
        pass
    for wanted in ("autoencoder", "transition"):
        path = tmp_path / wanted
        events = train(config, cache, path, threads=1)
        for event in events:
            if isinstance(event, StepLogged) and event.phase == wanted:
                break
        events.close()
        status = RunDirectory(path).status()
        assert status.finished == "stopped"
        assert status.resumable
        for _ in train(config, cache, path, threads=1, resume=True):
            pass
        whole = load_checkpoint(tmp_path / "whole" / "checkpoints" / "last.safetensors").tensors
        resumed = load_checkpoint(path / "checkpoints" / "last.safetensors").tensors
        assert whole.keys() == resumed.keys()
        for name, tensor in whole.items():
            assert torch.equal(tensor, resumed[name]), name


def test_a_broken_loss_keeps_the_last_good_checkpoint(cache: Cache, tmp_path: Path, monkeypatch) -> None:
    """A loss that is not a number stops the run as diverged, says what to lower, and saves nothing broken."""
    from engine import objectives

    events = train(brief_config(), cache, tmp_path / "run", threads=1)
    for event in events:
        if isinstance(event, CheckpointSaved) and event.kind == "last":
            break
    monkeypatch.setattr(
        objectives,
        "transition_objective",
        lambda model, codes, *a, **k: {
            "loss": model.log_sharpness * torch.nan,
            "latent_B": torch.full((len(codes),), torch.nan),
        },
    )
    with pytest.raises(Diverged, match="transition_rate"):
        for _ in events:
            pass
    assert RunDirectory(tmp_path / "run").status().finished == "diverged"
    saved = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.safetensors")
    assert all(torch.isfinite(t).all() for t in saved.tensors.values() if t.is_floating_point())


def test_a_run_without_a_checkpoint_begins_again(cache: Cache, tmp_path: Path) -> None:
    """Killed before anything was saved, a run is not a dead end: resume starts it with its own settings."""
    path = tmp_path / "run"
    events = train(brief_config(), cache, path, threads=1)
    next(events)
    events.close()
    RunDirectory(path).last.unlink()
    assert RunDirectory(path).status().resumable
    again = list(train(brief_config(), cache, path, threads=1, resume=True))
    assert again[0].resumed_step == 0
    assert again[-1].reason == "done"


def test_closing_at_the_last_event_leaves_the_run_done(cache: Cache, tmp_path: Path) -> None:
    """A stop that comes when everything is done does not turn "done" into "stopped"."""
    events = train(brief_config(), cache, tmp_path / "run", threads=1)
    for event in events:
        if isinstance(event, RunFinished):
            break
    events.close()
    assert RunDirectory(tmp_path / "run").status().finished == "done"


def test_a_stop_during_validation_loses_no_validation(cache: Cache, tmp_path: Path) -> None:
    """Stopped inside a validation and resumed, a run validates at the steps of one that never stopped."""
    from engine.events import Progressed, Validated

    def validated(path: Path) -> list[tuple[str, int]]:
        return [(e.phase, e.step) for e in RunDirectory(path).events()[0] if isinstance(e, Validated)]

    list(train(brief_config(), cache, tmp_path / "whole", threads=1))
    events = train(brief_config(), cache, tmp_path / "cut", threads=1)
    stages = 0
    for event in events:
        stages += isinstance(event, Progressed) and event.stage == "validating"
        if stages == 2:
            break
    events.close()
    list(train(brief_config(), cache, tmp_path / "cut", threads=1, resume=True))
    assert validated(tmp_path / "cut") == validated(tmp_path / "whole")


def test_another_draw_of_the_same_data_set_is_refused(tiny_run_copy: Path, tmp_path: Path) -> None:
    """A cache with other splits may hold training images in its test split: neither resume nor evaluation."""
    import datasets
    from engine.evaluation import evaluate

    other = tmp_path / "other.h5"
    for _ in datasets.build_steps(
        "shapes", out=other, train_pairs=200, validation_pairs=40, test_pairs=60, seed=2
    ):
        pass
    with Cache.open(other) as drawn:
        with pytest.raises(RunError, match="other splits"):
            next(train(tiny_config(), drawn, tiny_run_copy, resume=True))
        with pytest.raises(RunError, match="other splits"):
            evaluate(Explorer.load(tiny_run_copy, threads=1), drawn)


@pytest.mark.parametrize(
    "setting",
    [
        ("training.targets", 0),
        ("training.seed", -1),
        ("training.weight_decay", -1),
        ("autoencoder.width", 33),
        ("transition.edge_noise", -0.1),
    ],
)
def test_settings_out_of_range_are_named(setting: tuple[str, float]) -> None:
    """A value that would fail later, in torch's words, is refused at once in ours."""
    with pytest.raises(InputError, match=setting[0].replace(".", r"\.")):
        tiny_config().with_setting(*setting)


def test_the_same_seed_gives_the_same_weights(cache: Cache, tmp_path: Path, tiny_run: Path) -> None:
    """Everything random hangs on the seed."""
    for _ in train(tiny_config(), cache, tmp_path / "again", threads=1):
        pass
    first = load_checkpoint(tiny_run / "checkpoints" / "last.safetensors").tensors
    again = load_checkpoint(tmp_path / "again" / "checkpoints" / "last.safetensors").tensors
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_time_budget_is_kept(cache: Cache, tmp_path: Path) -> None:
    """A tenth of a minute ends after about that time, with both phases trained."""
    last, logged = None, []
    for event in train(tiny_config(), cache, tmp_path / "run", minutes=0.05, threads=1):
        last = event
        logged += [event] if isinstance(event, StepLogged) else []
    assert all(0 <= event.phase_remaining_s <= event.remaining_s + 1e-6 for event in logged)
    assert logged[0].phase_remaining_s < logged[0].remaining_s
    of_first = [event.phase_remaining_s for event in logged if event.phase == "autoencoder"]
    assert of_first[-1] < 0.1 * of_first[0]
    assert isinstance(last, RunFinished)
    assert 2.0 < last.elapsed_s < 12.0


def test_bad_requests_are_refused_before_anything_is_written(cache: Cache, tmp_path: Path) -> None:
    """A second run in one directory, no time, too many threads, a patch that does not fit."""
    path = tmp_path / "run"
    with pytest.raises(InputError, match="positive"):
        next(train(tiny_config(), cache, path, minutes=0))
    with pytest.raises(InputError, match="cores"):
        next(train(tiny_config(), cache, path, threads=10_000))
    assert not path.exists()
    events = train(tiny_config(), cache, path, threads=1)
    next(events)
    events.close()
    with pytest.raises(RunError, match="holds a run already"):
        next(train(tiny_config(), cache, path))


def test_a_done_run_is_not_resumed(cache: Cache, tiny_run_copy: Path) -> None:
    """Resuming a finished run says so and changes nothing."""
    with pytest.raises(RunError, match="is done"):
        next(train(tiny_config(), cache, tiny_run_copy, resume=True))


def test_events_tolerate_a_torn_line(tiny_run_copy: Path) -> None:
    """A process killed while writing leaves half a line; readers see everything before it."""
    run = RunDirectory(tiny_run_copy)
    whole, offset = run.events()
    with run.metrics_path.open("a") as file:
        file.write('{"event":"StepLog')
    again, same = run.events()
    assert len(again) == len(whole)
    assert same == offset
    assert run.events(offset) == ([], offset)


@pytest.mark.parametrize("change", ["version", "format", "cut", "gone"])
def test_run_directories_that_cannot_be_used_say_why(tiny_run_copy: Path, change: str) -> None:
    """Another version, another program's file, a cut file, no file: a RunError that names the file."""
    config = tiny_run_copy / "config.json"
    text = config.read_text()
    replaced = {
        "version": text.replace('"version": 1', '"version": 99'),
        "format": text.replace("doscope-run", "other"),
        "cut": text[: len(text) // 2],
    }
    if change == "gone":
        config.unlink()
    else:
        config.write_text(replaced[change])
    with pytest.raises(RunError, match=str(tiny_run_copy.name)):
        RunDirectory(tiny_run_copy).description()
    assert RunDirectory(tiny_run_copy).status().problem


def test_a_damaged_checkpoint_is_named(tiny_run_copy: Path) -> None:
    """A truncated or foreign safetensors file is refused with its path."""
    path = tiny_run_copy / "checkpoints" / "best.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"best\.safetensors"):
        load_checkpoint(path)


def test_settings_can_lie_in_a_file(tmp_path: Path, tiny_run: Path) -> None:
    """A person's, or a run's; what is wrong with it is said with its name and the nearest known word."""
    file = tmp_path / "mine.json"

    def refused(text: str) -> str:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"mine\.json") as caught:
            load_preset(str(file))
        return str(caught.value)

    file.write_text('{"training": {"seed": 7}}', encoding="utf-8")
    assert load_preset(str(file)) == dataclasses.replace(
        load_preset("small").with_setting("training.seed", 7), preset="mine"
    )
    assert load_preset(str(tiny_run / "config.json")) == tiny_config()
    assert "did you mean training.seed?" in refused('{"training": {"sede": 7}}')
    assert "did you mean transition?" in refused('{"transitoin": {}}')
    assert "not JSON" in refused('{"training":')
    assert "no settings" in refused("[]")
    with pytest.raises(InputError, match="cannot be read"):
        load_preset(str(tmp_path / "gone.json"))


def test_presets_and_settings_refuse_what_they_do_not_know() -> None:
    """A misspelt key fails at once and lists the known ones."""
    config = tiny_config()
    assert config.with_setting("training.seed", "7").training.seed == 7
    with pytest.raises(InputError, match=r"training\.sede"):
        config.with_setting("training.sede", "7")
    with pytest.raises(InputError, match="int"):
        config.with_setting("training.seed", "x")
    with pytest.raises(InputError, match="between 0 and 1"):
        config.with_setting("training.autoencoder_share", 1.5)
    assert type(config).from_json(config.to_json()) == config
    assert dataclasses.is_dataclass(config)
    assert np.isfinite(config.training.transition_rate)


def test_of_equally_good_weights_the_later_are_kept(cache: Cache, tmp_path: Path) -> None:
    """An equal figure replaces the best checkpoint, a worse one or none at all does not."""
    budget = Budget(tiny_config().training, None)
    run = RunDirectory(tmp_path / "run")
    run.best.parent.mkdir(parents=True)
    state = TrainingState(tiny_config(), cache, run, torch.device("cpu"), budget)
    for step, (figure, kept) in enumerate(((0.5, 0), (0.5, 1), (0.4, 1), (math.nan, 1), (0.6, 4))):
        state.step = step
        assert (state.save_best(figure) is not None) == (kept == step)
        assert load_checkpoint(run.best).meta["step"] == kept


def test_retrieval_is_trained_as_often_as_it_says(cache: Cache, tmp_path: Path, monkeypatch) -> None:
    """From its start on, every `retrieval_every`-th step has the loss (9), and no other."""
    monkeypatch.setattr("engine.step_log.LOG_EVERY_S", -1.0)
    config = tiny_config()
    settings = dataclasses.replace(
        config.training, autoencoder_steps=2, transition_steps=12, retrieval_start=0.5, retrieval_every=3
    )
    events = train(dataclasses.replace(config, training=settings), cache, tmp_path / "run", threads=1)
    logged = [e for e in events if isinstance(e, StepLogged) and e.phase == "transition"]
    assert ["retrieval" in event.values for event in logged] == [False] * 6 + [True, False, False] * 2


@pytest.mark.parametrize(
    ("early", "late", "best"), [(1.0, 0.5, "late"), (0.5, 1.0, "late"), (0.5, None, "early")]
)
def test_weights_are_not_chosen_before_the_graph_has_settled(
    early: float, late: float | None, best: str
) -> None:
    """However well an unsettled model retrieves; until then its weights are better than none."""
    looks = [(early, 0.3, "early"), *([(late, EDGES_SETTLE, "late")] if late is not None else [])]
    ranks = {
        name: rank(SimpleNamespace(figures={"directed_accuracy": figure}, phase_progress=progress))
        for figure, progress, name in looks
    }
    assert max(ranks, key=ranks.__getitem__) == best
