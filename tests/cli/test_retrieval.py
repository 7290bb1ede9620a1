"""`doscope retrieve` on a tiny run."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def test_ranking_of_all_actions(call: Call, tiny_run: Path, before: Path, after: Path) -> None:
    """--json ranks every action once, by probabilities that sum to 1, as the Explorer gives them."""
    from engine.explorer import Explorer
    from engine.retrieval import retrieve

    said = call("retrieve", "--run", tiny_run, "--before", before, "--after", after, "--json")
    assert said.code == 0
    ranking = said.json["ranking"]
    explorer = Explorer.load(tiny_run, device="cpu", threads=1)
    assert {row["action"] for row in ranking} == set(explorer.info.space.action_names)
    assert sum(row["probability"] for row in ranking) == pytest.approx(1, abs=1e-4)
    assert ranking == sorted(ranking, key=lambda row: -row["probability"])
    found = retrieve(explorer, np.asarray(Image.open(before)), np.asarray(Image.open(after)))
    assert said.json["best"] == ranking[0]["action"] == found.best


def test_top_shortens_the_list(call: Call, tiny_run: Path, before: Path, after: Path) -> None:
    """People see five lines unless they ask for another number."""
    common = ("retrieve", "--run", tiny_run, "--before", before, "--after", after)
    assert call(*common).out.count("\n") == 1 + 5
    assert call(*common, "--top", 2).out.count("\n") == 1 + 2
    assert len(call(*common, "--top", 3, "--json").json["ranking"]) == 3


def test_identical_images_are_no_action(call: Call, tiny_run: Path, before: Path) -> None:
    """Two pictures with the same pixels: nothing happened, and no action is claimed."""
    common = ("retrieve", "--run", tiny_run, "--before", before, "--after", before)
    said = call(*common, "--json")
    assert said.code == 0
    assert said.json["identical"] is True
    assert said.json["best"] is None
    assert "no action" in call(*common).out


def test_missing_image(call: Call, tiny_run: Path, before: Path) -> None:
    """The missing one of the two is named, and with --json the error is the one object on stdout."""
    said = call("retrieve", "--run", tiny_run, "--before", before, "--after", "nowhere.png", "--json")
    assert said.code == 2
    assert said.json["exit_code"] == 2
    assert "nowhere.png" in said.json["error"]
    assert "nowhere.png" in said.err


@pytest.fixture
def table(tmp_path: Path, before: Path, after: Path) -> Path:
    """Five pairs: as they are, swapped, of identical images, with a missing file, with an empty cell."""
    lines = ("before,after,who", f"{before},{after},a", f"{after},{before},b", f"{before},{before},c",
             f"{'n' * 300}.png,{after},d", f"{before},,e")  # fmt: skip
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def answers(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_of_pairs_is_answered(
    call: Call, tiny_run: Path, table: Path, before: Path, after: Path, tmp_path: Path
) -> None:
    """Each line as the command for one pair says it; what cannot be read is named in its line."""
    out = tmp_path / "answers.csv"
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out, "--json")
    assert said.code == 0
    assert (said.json["pairs"], said.json["answered"]) == (5, 2)
    assert (said.json["identical"], said.json["failed"]) == (1, 2)
    assert "pair 4: " in call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out).out
    found = answers(out)
    alone = call("retrieve", "--run", tiny_run, "--before", before, "--after", after, "--json").json[
        "ranking"
    ]
    assert [found[0]["action"], found[0]["second"]] == [row["action"] for row in alone[:2]]
    assert float(found[0]["probability"]) == pytest.approx(alone[0]["probability"], abs=1e-4)
    assert found[1]["action"] != ""
    assert "no action" in found[2]["note"]
    assert found[2]["kind"] == "no action"
    assert found[0]["kind"] in ("no action", "one action", "more than one action")
    assert "nnn.png" in found[3]["error"]
    assert "after" in found[4]["error"]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def stop_after_one_batch(run: Path, table: Path, out: Path) -> None:
    """What a call leaves that is stopped early."""
    from cli import pair_table
    from engine.calibration import kept_calibration
    from engine.explorer import Explorer

    explorer = Explorer.load(run, threads=1)
    steps = pair_table.answer_steps(explorer, table, out, kept_calibration(explorer))
    next(steps)
    next(steps)
    steps.close()


def test_a_stopped_table_goes_on(
    call: Call, tiny_run: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after one batch, with a torn last line: the rest is answered, all as without the stop."""
    from cli import pair_table

    whole = tmp_path / "whole.csv"
    call("retrieve", "--run", tiny_run, "--pairs", table, "--out", whole)
    monkeypatch.setattr(pair_table, "BATCH", 2)
    out = tmp_path / "answers.csv"
    stop_after_one_batch(tiny_run, table, out)
    (part,) = tmp_path.glob(".answers.csv.*.part")
    part.write_bytes(part.read_bytes() + b"torn,li")
    assert not out.exists()
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out, "--json")
    assert said.json["kept"] == 2
    assert answers(out) == answers(whole)


def test_failed_pairs_at_the_end_are_asked_again(
    call: Call, tiny_run: Path, before: Path, after: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk with the images was away; once it is back, the same command answers them."""
    from cli import pair_table
    from engine.calibration import kept_calibration
    from engine.explorer import Explorer

    monkeypatch.setattr(pair_table, "BATCH", 3)
    away, table, out = tmp_path / "away.png", tmp_path / "p.csv", tmp_path / "answers.csv"
    lines = [f"{before},{after}", f"{before},nowhere.png", f"{before},{after}", *[f"{away},{after}"] * 3]
    table.write_text("\n".join(["before,after", *lines]) + "\n")
    explorer = Explorer.load(tiny_run, threads=1)
    steps = pair_table.answer_steps(explorer, table, out, kept_calibration(explorer))
    for _ in range(3):
        next(steps)
    steps.close()
    assert not (tmp_path / ".answers.csv.lock").exists()
    shutil.copy(before, away)
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out, "--json")
    assert (said.json["kept"], said.json["failed"]) == (3, 1)
    assert [bool(row["error"]) for row in answers(out)] == [False, True, False, False, False, False]


def test_a_line_that_is_not_utf8_costs_itself_only(
    call: Call, tiny_run: Path, before: Path, after: Path, tmp_path: Path
) -> None:
    """A spreadsheet's own encoding: the name may be a file's all the same; else the line says what to do."""
    table, out = tmp_path / "p.csv", tmp_path / "answers.csv"
    second = b"%s,%s" % (os.fsencode(before), os.fsencode(after))
    table.write_bytes(b"before,after\nm\xfcller.png,%s\n%s\n" % (os.fsencode(after), second))
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out)
    assert said.code == 0
    assert "not UTF-8" in said.out
    with out.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        bad, good = csv.DictReader(file)
    assert "not UTF-8" in bad["error"]
    assert good["error"] == ""


def test_one_odd_image_does_not_end_a_table(
    call: Call, tiny_run: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoders raise what they like; that is its line's error."""
    opened = Image.open

    def odd(path: Path, *rest: Any) -> Any:
        if Path(path).name == "odd.dds":
            raise NotImplementedError("Unimplemented DXGI format 95")
        return opened(path, *rest)

    monkeypatch.setattr("datasets.images.Image.open", odd)
    (tmp_path / "odd.dds").write_bytes(b"DDS ")
    with table.open("a") as file:
        file.write(f"odd.dds,{tmp_path / 'odd.dds'},f\n")
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", tmp_path / "o.csv", "--json")
    assert said.code == 0
    assert "DXGI" in answers(tmp_path / "o.csv")[-1]["error"]


def test_images_of_another_kind_are_noted_in_a_table(
    call: Call, tiny_run: Path, before: Path, after: Path, tmp_path: Path
) -> None:
    """With the figures, as for one pair."""
    noise = 255 * np.random.default_rng(0).integers(0, 2, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    table, out = tmp_path / "p.csv", tmp_path / "answers.csv"
    table.write_text(f"before,after\nnoise.png,{after}\n{before},{after}\n")
    assert call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out).code == 0
    first, second = answers(out)
    assert first["note"].startswith("before: unlike the images that the model knows (")
    assert "unlike" not in second["note"]


def test_two_calls_do_not_write_one_file(call: Call, tiny_run: Path, table: Path, tmp_path: Path) -> None:
    """The second one is told."""
    from filelock import FileLock

    with FileLock(tmp_path / ".answers.csv.lock"):
        said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", tmp_path / "answers.csv")
    assert said.code == 2
    assert "another call" in said.err
    assert call("retrieve", "--run", tiny_run, "--pairs", table, "--out", tmp_path / "answers.csv").code == 0


def test_answers_to_other_pairs_are_not_mixed(
    call: Call, tiny_run: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table was changed between two calls: it says so and what to do."""
    from cli import pair_table

    monkeypatch.setattr(pair_table, "BATCH", 2)
    out = tmp_path / "answers.csv"
    stop_after_one_batch(tiny_run, table, out)
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([lines[0], *lines[:1:-1]]) + "\n", encoding="utf-8")
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out)
    assert said.code == 2
    assert "other pairs" in said.err


@pytest.mark.parametrize(
    ("text", "message"),
    [("first,second\na,b\n", "no column 'before'"), ("before\na\n", "no column 'after'"), ("", "no column")],
)
def test_a_table_without_the_columns_is_refused(
    call: Call, tiny_run: Path, tmp_path: Path, text: str, message: str
) -> None:
    """The missing column is named, and nothing is written."""
    table, out = tmp_path / "pairs.csv", tmp_path / "answers.csv"
    table.write_text(text, encoding="utf-8")
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", out)
    assert said.code == 2
    assert message in said.err
    assert not out.exists()


def test_what_does_not_go_together_is_said(call: Call, tiny_run: Path, table: Path, before: Path) -> None:
    """A table without --out, with --before, or nothing at all."""
    assert "--out" in call("retrieve", "--run", tiny_run, "--pairs", table).err
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--out", table)
    assert "table of --pairs itself" in said.err
    assert "who" in table.read_text(encoding="utf-8")
    single = ("retrieve", "--run", tiny_run, "--before", before, "--after", before)
    assert "goes with --pairs" in call(*single, "--out", "x.csv").err
    said = call("retrieve", "--run", tiny_run, "--pairs", table, "--before", before, "--out", "x.csv")
    assert "--pairs goes without" in said.err
    assert "--before and --after" in call("retrieve", "--run", tiny_run, "--before", before).err


@pytest.fixture
def calibrated_run(tiny_run_copy: Path) -> Path:
    """A run whose calibration, if it has one, has been taken away; its data set is there."""
    (tiny_run_copy / "calibration.json").unlink(missing_ok=True)
    return tiny_run_copy


def test_the_answer_is_calibrated_once(call: Call, calibrated_run: Path, before: Path, after: Path) -> None:
    """Learned at the first question from the run's data set, kept, and the same at the second."""
    common = ("retrieve", "--run", calibrated_run, "--before", before, "--after", after)
    first = call(*common, "--json")
    assert (calibrated_run / "calibration.json").is_file()
    assert first.json["calibrated"]
    assert sum(first.json["kinds"].values()) == pytest.approx(1, abs=1e-4)
    assert first.json["kind"] == max(first.json["kinds"], key=first.json["kinds"].get)
    learned = (calibrated_run / "calibration.json").stat().st_mtime_ns
    assert call(*common, "--json").json == first.json
    assert (calibrated_run / "calibration.json").stat().st_mtime_ns == learned


def test_without_the_data_set_it_says_that_nothing_is_calibrated(
    call: Call, calibrated_run: Path, before: Path, after: Path, tiny_cache: Path
) -> None:
    """The ranking is given all the same; --dataset says where it is, and then the answer is calibrated."""
    config = calibrated_run / "config.json"
    data = json.loads(config.read_text())
    config.write_text(json.dumps({**data, "cache": str(calibrated_run / "gone.h5")}))
    common = ("retrieve", "--run", calibrated_run, "--before", before, "--after", after)
    said = call(*common, "--json")
    assert said.code == 0
    assert said.json["kinds"] is None
    assert not said.json["calibrated"]
    assert "not calibrated" in call(*common).out
    assert "--dataset" in call(*common).err
    said = call(*common, "--dataset", calibrated_run / "gone.h5")
    assert said.code == 2
    assert "gone.h5" in said.err
    found = call(*common, "--dataset", tiny_cache, "--json").json
    assert found["calibrated"]
    assert ("If it was one" in call(*common).out) == (found["kind"] != "one action")
    assert call(*common, "--json").json["calibrated"]  # it is kept with the run


def test_a_run_of_data_that_has_no_place_here(
    call: Call, calibrated_run: Path, before: Path, after: Path
) -> None:
    """Its data set's name means nothing on this machine: no calibration, and no error."""
    config = calibrated_run / "config.json"
    data = json.loads(config.read_text())
    (calibrated_run / "calibration.json").unlink(missing_ok=True)
    config.write_text(json.dumps({**data, "dataset": "flowers", "cache": str(calibrated_run / "gone.h5")}))
    said = call("retrieve", "--run", calibrated_run, "--before", before, "--after", after)
    assert said.code == 0
    assert "--dataset" in said.err
    config.write_text(json.dumps({**data, "dataset": "flowers"}))
    said = call("retrieve", "--run", calibrated_run, "--before", before, "--after", after, "--json")
    assert said.json["calibrated"]


def test_a_sequence_of_actions(call: Call, tiny_run: Path, before: Path, after: Path) -> None:
    """--path adds the actions; a bound on their number is kept; its settings go with it only."""
    common = ("retrieve", "--run", tiny_run, "--before", before, "--after", after)
    said = call(*common, "--path", "--steps", 2, "--beam", 1, "--json")
    assert len(said.json["path"]["actions"]) <= 2
    assert 0 <= said.json["path"]["distance_left"] <= 1
    assert "steps:" in call(*common, "--path", "--steps", 1).out
    alone = call(*common, "--beam", 2)
    assert alone.code == 2
    assert "--path" in alone.err


def test_images_of_another_kind_are_warned_about(
    call: Call, tiny_run: Path, after: Path, tmp_path: Path
) -> None:
    """With the figures; the answer is given all the same."""
    noise = 255 * np.random.default_rng(0).integers(0, 2, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    said = call("retrieve", "--run", tiny_run, "--before", tmp_path / "noise.png", "--after", after, "--json")
    assert said.code == 0
    assert "the image before is unlike" in said.err
    assert said.json["psnr_before"] < said.json["psnr_floor"]
