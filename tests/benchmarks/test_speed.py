"""The benchmarks of speed: each runs once with tiny sizes and gives the keys that it promises."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import ct_layer, data, report, timing
from benchmarks.machine import ROOT
from benchmarks.report import InputError

KEYS = {
    "ct_layer": ("train_action_ms_b1_n16", "train_causal_mb_b4_n16", "retrieve_ms_b4_n4", "growth_time"),
    "autoencoder": ("train_images_per_s", "infer_images_per_s", "convolution_share"),
    "profiles": ("train_action_ms", "train_causal_products_share", "retrieve_gflops", "apply_calls"),
    "data": ("cache_vs_memmap", "render_per_s_core", "import_per_s", "pack_ratio"),
    "startup": ("first_paint_s", "ready_s"),
    "interaction": (
        *("click_p95_ms_idle", "click_p95_ms_training", "frame_gap_p99_ms", "frame_gap_max_ms"),
        *("palette_ms", "traversal_ms"),
    ),
    "killing": ("kills", "trainings", "differing"),
    "monitoring": (*("monitoring_cost", "frame_gap_p99_ms", "attach_1m_s", "checkpoint_share"),),
    "retrieval": (
        *("one_pair_ms", "explain_ms", "pairs_per_s", "codes_per_s", "ece", "told_one"),
        *("path_2", "path_3", "path_5", "path_median_s"),
    ),
    "time_to_accuracy": ("minutes_build", "minutes_to_090", "minutes_to_097", "final_directed_accuracy"),
}


SLOW = (
    *("data", "ct_layer", "profiles", "autoencoder", "killing", "retrieval", "time_to_accuracy"),
    *("startup", "interaction", "monitoring"),
)
LONG = pytest.mark.long
WITH_A_WINDOW = ("startup", "interaction", "monitoring")


@pytest.fixture(scope="module")
def finished() -> Callable[[str], dict[str, object]]:
    """A benchmark with tiny sizes; those with a window in one process, the others in another one."""
    found: dict[str, dict[str, object]] = {}

    def run(name: str) -> dict[str, object]:
        if name not in found:
            kind = (name in WITH_A_WINDOW, name in SLOW)
            alike = [other for other in KEYS if (other in WITH_A_WINDOW, other in SLOW) == kind]
            command = [sys.executable, "-m", "tests.benchmarks.all_quick", *alike]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            found.update({one["name"]: one for one in map(json.loads, done.stdout.splitlines())})
        return found[name]

    return run


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [pytest.param(name, marks=LONG if name in SLOW else ()) for name in KEYS])
def test_it_gives_its_keys(name: str, finished: Callable[[str], dict[str, object]]) -> None:
    """The real command, with `--quick --json`: one flat object with numbers, and the machine beside them."""
    done = finished(name)
    assert done["code"] == 0
    found = json.loads(str(done["printed"]))
    for key in KEYS[name]:
        value = found[key]
        reached = not key.startswith(("minutes_to", "path_"))  # tiny sizes may hold no such pair
        assert value is not None or not reached, key
        signed = key == "monitoring_cost"  # chance may make the window the faster one
        assert value is None or (math.isfinite(value) and (value >= 0 or signed)), key
    assert found["threads"] == 1
    assert found["cores"] >= 1
    assert all(not isinstance(value, (dict, list)) for value in found.values())


def test_pieces_are_timed_in_turns() -> None:
    """What is compared is called alternately; warm-up calls do not count."""
    calls: list[str] = []
    found = timing.side_by_side(
        {"slow": lambda: (calls.append("slow"), time.sleep(0.02)), "fast": lambda: calls.append("fast")}, 3
    )
    assert calls == ["slow", "fast"] * 4
    assert found["slow"].repetitions == 3
    assert found["slow"].least_s <= found["slow"].median_s <= found["slow"].most_s
    assert found["slow"].median_s >= 0.02 > found["fast"].median_s
    assert found["slow"].per(2).median_s == found["slow"].median_s / 2


def hungry(megabytes: int) -> timing.Work:
    """Work that takes so much memory for a moment."""
    return lambda: bytearray(megabytes * 2**20).count(1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read as Linux tells it")
@pytest.mark.long
def test_the_peak_is_that_of_the_work_alone() -> None:
    """A peak is found in a process of its own, whatever this one holds."""
    held = bytearray(300 * 2**20)
    found = timing.peak_memory_mb(hungry, 100)
    assert found is not None
    assert 95 < found < 130
    assert len(held) > 0


@pytest.mark.parametrize("content", [None, "class Other:\n    pass\n"])
def test_a_reference_without_the_class_is_refused(tmp_path: Path, content, capsys) -> None:
    """A folder that is no checkout, or one of something else, is named in a sentence."""
    if content is not None:
        models = tmp_path / "models"
        models.mkdir()
        for name in ("base", "vq_vae", "mcq_vae"):
            (models / f"{name}.py").write_text("")
        (models / "ct_mcq_vae.py").write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ct_layer, "measure", lambda *_: {})
        for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
            patch.delitem(sys.modules, name)
        assert ct_layer.main(["--reference", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "Traceback" not in said
    for name in [name for name in sys.modules if name.split(".")[0] == "models"]:
        del sys.modules[name]


@pytest.mark.parametrize("main", [ct_layer.main, data.main])
def test_more_threads_than_cores_are_refused(main, capsys) -> None:
    """The sentence names how many there are."""
    assert main(["--quick", "--threads", "4096"]) == 2
    assert "cores" in capsys.readouterr().err


def test_an_unknown_preset_is_refused(capsys) -> None:
    """As by the program itself."""
    assert ct_layer.main(["--quick", "--preset", "nosuch"]) == 2
    assert "unknown preset" in capsys.readouterr().err


def test_a_table_lines_up() -> None:
    """Every line of a table is as wide as its columns; what is unknown is a dash."""
    text = report.table("Title", ("", "a", "bb"), [("one", 1.23456, None), ("twelve", 7, "x")])
    assert text.splitlines() == ["Title", "           a  bb", "one     1.23   –", "twelve     7   x"]
    assert issubclass(InputError, Exception)
