"""`doscope evaluate`: the table, the JSON object, and where the report may be written."""

from __future__ import annotations

import errno
import json
import math
import re
import runpy
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.evaluation
from cli.evaluation import _Rate
from cli.figure_definitions import KEYS
from cli.figure_table import table
from cli.figures import complete, number_at, rows
from engine.events import Progressed
from tests.cli.conftest import Call, Said
from tests.cli.measured import ACTIONS, measured, unlabelled

ROOT = Path(__file__).resolve().parent.parent.parent
Asked = list[tuple[Any, ...]]


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Asked]:
    """Lets the engine answer with these figures, and keeps what it was asked for."""

    def install(figures: dict[str, Any]) -> Asked:
        asked: Asked = []

        def steps(_explorer: object, _cache: object, *arguments: Any) -> Iterator[Progressed]:
            asked.append(arguments)
            yield Progressed("retrieving actions", 1, 2)
            return figures

        monkeypatch.setattr(engine.evaluation, "evaluation_steps", steps)
        monkeypatch.setattr(engine.evaluation, "example_rows", lambda *_: [])
        return asked

    return install


def lines_of(text: str) -> dict[str, list[str]]:
    """The table's lines by their first column, the others as cells."""
    cells = [re.split(r" {2,}", line.strip()) for line in text.splitlines()]
    return {line[0]: line[1:] for line in cells if line[0]}


# ------------------------------------------------------------ the table


def test_table_says_value_interval_and_comparison() -> None:
    """Each figure with three decimals (decibels with two), its interval, and its chance or ceiling."""
    lines = lines_of(table(complete(measured())))
    assert lines["a run on 1,180 test pairs of shapes"] == []
    assert lines["action retrieval"] == ["value", "95 % interval", "compare with"]
    assert lines["directed accuracy"] == ["0.816", "0.791 to 0.841", "chance 0.250"]
    assert lines["factor accuracy"] == ["0.876", "0.852 to 0.902", "chance 0.500"]
    assert lines["worst action (hue-)"] == ["0.626", "chance 0.250"]
    assert lines["slope over frequency"] == ["+0.124"]
    assert lines["PSNR"] == ["27.31 dB", "26.11 to 28.52"]
    assert lines["atomic rate"] == ["0.755", "0.735 to 0.775", "ceiling 0.934"]
    assert lines["hit rate"] == ["0.845", "0.825 to 0.865", "chance 0.251"]
    assert lines["quality cost"] == ["1.37 dB", "1.17 to 1.57"]
    assert lines["probe accuracy, size"] == ["0.986", "chance 0.254"]
    assert lines["hit rate, 3 ×"] == ["0.600", "0.570 to 0.630", "ceiling 0.930"]
    assert lines["collateral rate, 5 ×"] == ["0.250"]
    assert lines["graph faithfulness"] == ["0.786", "0.766 to 0.806", "chance 0.500"]
    assert lines["cross entropy, learned graph"] == ["2.233 nats"]
    assert lines["edges that differ from the known graph"] == ["1"]
    assert lines["hue \N{RIGHTWARDS ARROW} size, as known"] == ["0.612", "noise 0.027"]
    assert lines["size \N{RIGHTWARDS ARROW} hue, missing: known, but not found"] == ["0.031", "noise 0.014"]
    assert lines["FactorVAE score, latents"] == ["0.557", "chance 0.500"]
    assert lines["DCI completeness, action-aligned codes"] == ["0.526"]
    assert lines["SAP, latents"] == ["0.037"]


def test_table_of_actions() -> None:
    """Every action with accuracy, interval, pairs, training pairs, hit and atomic rate, cost; signs kept."""
    lines = lines_of(table(complete(measured())))
    assert lines["hue+"] == ["0.801", "0.701 to 0.861", "46", "1,210", "0.641", "0.541", "1.11 dB"]
    assert lines["size-"] == ["0.831", "0.731 to 0.891", "49", "1,510", "0.671", "0.571", "-0.39 dB"]


def test_table_is_aligned() -> None:
    """All values end in one column; intervals and comparisons each begin in one."""
    text = table(complete(measured())).split("\n\n")[1]
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    first = max(len(re.split(r" {3,}", line.strip())[0]) for line in lines) + 4
    assert {len(re.split(r"(?<=\S) {2,}", line[first:])[0]) for line in lines} == {10}
    assert len({found.start() for line in lines if (found := re.search(r"\S+ to \d", line[first:]))}) == 1
    assert len({found.start() for line in lines if (found := re.search("(chance|ceiling) 0", line))}) == 1


def test_every_figure_of_the_contract_is_shown() -> None:
    """A number that changes in the dictionary changes the table: nothing is measured for nobody."""
    figures = complete(measured())
    shown = {row.path.split(".")[0] for row in rows(figures)}
    beside = {"run", "dataset", "split", "pairs", "quick", "notes", "per_action", "actions", "confusion"}
    beside |= {"chance", "factor_chance", "hit_chance", "probe_chance", "temperature", "reliability"}
    assert shown | beside == {key for key in KEYS if not key.endswith("_interval")}
    assert all(row.value is not None for row in rows(figures))
    assert len({row.path for row in rows(figures)}) == len(rows(figures))


def test_what_was_not_measured_says_why() -> None:
    """Null and absent figures are "not measured", with the reason once a group, and the notes below."""
    text = table(complete(unlabelled()))
    lines = lines_of(text)
    assert lines["slope over frequency"] == ["not measured: all actions have about as many training pairs"]
    assert lines["probe ceiling"] == ["not measured: see the notes"]
    assert lines["atomic rate"] == ["not measured"]
    assert lines["graph value"] == ["not measured: no reason is given"]
    assert lines["quality cost"] == ["1.37 dB", "1.17 to 1.57"]
    assert "nan" not in text.lower()
    assert "None" not in text
    assert "needs factor labels" in " ".join(text.split("\nnotes\n")[1].split())


def test_reasons_are_the_notes_that_speak_of_the_figure() -> None:
    """A note about other images does not explain a missing SSIM; the one that says "no SSIM" does."""
    notes = ["SSIM is a mean over channels", "probes were kept", "no SSIM: it needs larger images"]
    found = {
        row.path: row for row in rows(complete(measured(ssim=None, quality_cost_ssim=None, notes=notes)))
    }
    assert found["ssim"].reason == found["quality_cost_ssim"].reason == "no SSIM: it needs larger images"
    assert found["psnr"].reason == ""


# ------------------------------------------------------------ the numbers


def test_json_is_plain() -> None:
    """numpy's numbers become Python's, and what JSON does not have becomes null."""
    figures = complete(
        {
            "psnr": np.float32(27.5),
            "ssim": float("nan"),
            "pairs": np.int64(3),
            "confusion": np.eye(2, dtype=int),
            "psnr_interval": (1.0, math.inf),
            "dci": {"latents": {"completeness": np.float64("nan")}},
        }
    )
    assert tuple(figures) == KEYS
    said = json.loads(json.dumps(figures, allow_nan=False))
    assert said["psnr"] == 27.5
    assert said["ssim"] is None
    assert said["pairs"] == 3
    assert said["confusion"] == [[1, 0], [0, 1]]
    assert said["psnr_interval"] == [1.0, None]
    assert said["dci"] == {"latents": {"completeness": None}}
    assert said["hit_rate"] is None


def test_only_finite_numbers_are_figures() -> None:
    """A truth value, a text or an infinite number in a figure's place is not measured rather than 1.000."""
    odd = {"a": True, "b": "0.5", "c": math.inf, "d": [1.0], "e": 2}
    assert [number_at(odd, name) for name in "abcdef"] == [None, None, None, None, 2.0, None]
    assert number_at(odd, "d.0") == 1.0
    assert number_at(odd, "d.1") is None


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just("a")
    | st.floats(width=32).map(np.float32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6))
def test_anything_becomes_json(figures: dict[str, Any]) -> None:
    """Whatever a figure is, JSON can say it and a second completion changes nothing."""
    once = complete(figures)
    json.dumps(once, allow_nan=False)
    assert complete(once) == once


# ------------------------------------------------------------ the command


def test_command_prints_the_table(call: Call, tiny_run: Path, canned: Callable[..., Asked]) -> None:
    """Without --json standard output is the table, and nothing else is there."""
    canned(measured())
    said = call("evaluate", "--run", tiny_run)
    assert said.code == 0
    assert said.out == table(complete(measured())) + "\n"


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("with_report", [False, True])
def test_all_combinations(
    call: Call, tiny_run: Path, tiny_cache: Path, tmp_path: Path, canned: Callable[..., Asked],
    quick: bool, as_json: bool, with_report: bool,
) -> None:  # fmt: skip
    """--quick, --json, --report go together with --dataset, --split, --limit, which reach the engine."""
    asked = canned(measured(quick=quick, split="validation"))
    page = tmp_path / "new" / "report.html"
    said = call(
        *("evaluate", "--run", tiny_run, "--dataset", tiny_cache, "--split", "validation", "--limit", 7),
        *(["--quick"] if quick else []),
        *(["--json"] if as_json else []),
        *(["--report", page] if with_report else []),
    )
    assert said.code == 0
    assert asked == [("validation", 7, quick)]
    if as_json:
        assert tuple(said.json) == KEYS
        assert said.json["confusion"] == measured()["confusion"]
    else:
        assert ("(quick" in said.out) == quick
    assert page.is_file() == with_report
    assert (str(page) in said.err) == with_report
    assert [path.name for path in tmp_path.rglob("*.part")] == []


@pytest.mark.long
def test_real_figures_and_report(
    call: Call, tiny_run: Path, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a trained run: exactly the promised keys, plausible numbers, no path of this machine."""

    def no_time(*_: Any) -> Iterator[Progressed]:
        yield Progressed("training the factor probes", 0, 1)

    monkeypatch.setattr("engine.metrics.probe_store.training_steps", no_time)
    monkeypatch.setattr("engine.metrics.graph.QUICK_STEPS", 5)
    monkeypatch.setattr("engine.metrics.graph.QUICK_EFFECT_IMAGES", 4)
    page = tmp_path / "report.html"
    said = call(
        "evaluate", "--run", tiny_run, "--quick", "--limit", 30, "--threads", 1, "--json", "--report", page
    )
    assert said.code == 0
    figures = said.json
    assert tuple(figures) == KEYS
    assert (figures["run"], figures["split"], figures["pairs"]) == ("tiny", "test", 30)
    assert figures["quick"] is True
    # macro averages over actions and over factors of so few pairs have no order, so each has its own check
    confusion = np.array(figures["confusion"])
    asked = confusion.sum(axis=1) > 0
    right = np.diag(confusion)[asked] / confusion.sum(axis=1)[asked]
    assert figures["directed_accuracy"] == pytest.approx(right.mean())
    assert 0 <= figures["factor_accuracy"] <= 1
    assert 0 < figures["chance"] < 0.5
    assert np.sum(figures["confusion"]) == 30
    assert sum(one["pairs"] for one in figures["per_action"].values()) == 30
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/png") == 3 * 12
    for place in (tiny_run.parent, tiny_cache.parent, tmp_path, Path.home()):
        assert str(place) not in text


def test_evaluate_refuses_another_kind_of_data(call: Call, tiny_run_copy: Path, tiny_cache: Path) -> None:
    """A data set with other factors than the run's is refused rather than measured."""
    config = tiny_run_copy / "config.json"
    config.write_text(config.read_text().replace('"object_hue"', '"thing_hue"'))
    said = call("evaluate", "--run", tiny_run_copy, "--dataset", tiny_cache)
    assert said.code == 2
    assert str(tiny_cache) in said.err


def test_confusion_picture_reads_the_json(call: Call, tiny_run: Path, canned: Callable[..., Asked]) -> None:
    """scripts/confusion_picture.py draws what --json prints."""
    canned(measured())
    figures = call("evaluate", "--run", tiny_run, "--json").json
    draw = runpy.run_path(str(ROOT / "scripts" / "confusion_picture.py"))["draw"]
    picture = draw(figures["actions"], np.array(figures["confusion"]))
    assert picture.width > 26 * len(ACTIONS)


def test_rate_counts_from_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 pairs at the first report of a stage say nothing about its speed; 30 more in two seconds do."""
    now, shown = [100.0], []
    monkeypatch.setattr("cli.evaluation.time.monotonic", lambda: now[0])
    rate = _Rate(types.SimpleNamespace(show=lambda *arguments: shown.append(arguments)))  # type: ignore[arg-type]
    rate.show(Progressed("retrieving actions", 64, 154))
    now[0] += 2
    rate.show(Progressed("retrieving actions", 94, 154))
    rate.show(Progressed("applying actions", 10, 20))
    assert shown == [
        ("retrieving actions", 64, 154, "", -1.0),
        ("retrieving actions", 94, 154, "15 a second", 4.0),
        ("applying actions", 10, 20, "", -1.0),
    ]


# ------------------------------------------------------------ where the report may lie


def refused(said: Said, asked: Asked, words: str) -> None:
    """One sentence, exit code 2, and nothing was measured."""
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert words in said.err
    assert "choose another path" in said.err or "file name" in said.err
    assert asked == []


def test_report_into_a_folder(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked]
) -> None:
    """A folder instead of a file is refused before anything is measured."""
    asked = canned(measured())
    refused(call("evaluate", "--run", tiny_run, "--report", tmp_path), asked, "is a folder")
    refused(call("evaluate", "--run", tiny_run, "--report", ""), asked, "is a folder")


def test_report_below_a_file(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked]
) -> None:
    """So is a path through a file, a name that no file system takes, and what is no ordinary file."""
    asked = canned(measured())
    (tmp_path / "file").write_text("x")
    run = ("evaluate", "--run", tiny_run, "--report")
    refused(call(*run, tmp_path / "file" / "r.html"), asked, f"{tmp_path / 'file'} is not a folder")
    refused(call(*run, tmp_path / ("r" * 300)), asked, "cannot be written")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(call(*run, tmp_path / "loop" / "r.html"), asked, "loop")


def test_report_where_nothing_may_be_written(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without permission is tried, not guessed at; nothing is left there."""
    asked = canned(measured())

    def denied(*, dir: Path) -> None:  # noqa: A002 - its name in the library
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr("cli.files.tempfile", types.SimpleNamespace(TemporaryFile=denied))
    said = call("evaluate", "--run", tiny_run, "--json", "--report", tmp_path / "new" / "r.html")
    refused(said, asked, "Permission denied")
    assert said.json["exit_code"] == 2
    assert list(tmp_path.iterdir()) == []


def test_report_over_a_protected_file(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write-protected report of before is not replaced."""
    asked = canned(measured())
    (tmp_path / "r.html").write_text("kept")
    monkeypatch.setattr("cli.files.os.access", lambda *_: False)  # root may write everywhere
    refused(call("evaluate", "--run", tiny_run, "--report", tmp_path / "r.html"), asked, "write-protected")
    assert (tmp_path / "r.html").read_text() == "kept"


def test_disk_full_at_the_end_keeps_the_figures(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report of before stays whole, the figures are printed, and the exit code tells."""
    canned(measured())
    (tmp_path / "r.html").write_text("before")

    def full(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full)
    said = call("evaluate", "--run", tiny_run, "--json", "--report", tmp_path / "r.html")
    assert said.code == 1
    assert tuple(said.json) == KEYS
    assert "No space left on device" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert (tmp_path / "r.html").read_text() == "before"


def test_report_replaces_the_one_before(
    call: Call, tiny_run: Path, tmp_path: Path, canned: Callable[..., Asked]
) -> None:
    """The same name again is the newer report."""
    canned(measured())
    (tmp_path / "r.html").write_text("before")
    assert call("evaluate", "--run", tiny_run, "--report", tmp_path / "r.html").code == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
