"""Makes the bundled model from a finished run: `python scripts/bundle_model.py RUN`.

Copies the best weights and the configuration into resources/bundled, measures the run on all test pairs of
its data set, and writes provenance.json beside them: how it was made, from what, and how good it is.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

LIMIT_BYTES = 8 * 2**20


def main(run: Path) -> None:
    """Bundles `run`, replacing what is bundled now."""
    import torch

    import datasets
    from engine.calibration import NAME, as_json, kept_calibration
    from engine.evaluation import evaluate
    from engine.explorer import Explorer
    from engine.run_directory import BUNDLED, RunDirectory

    directory = RunDirectory(run)
    description, status = directory.description(), directory.status()
    if status.finished != "done":
        raise SystemExit(f"{run} is not done; let its training end first")
    with datasets.open_cache(description.dataset) as cache:
        explorer = Explorer.load(run)
        measured = evaluate(explorer, cache)  # calibrates the run, where it was not yet
    found = kept_calibration(explorer)
    if found is None:
        raise SystemExit(f"{run} could not keep its calibration; check the space on the disk")
    calibration = as_json(found)
    if directory.best.stat().st_size > LIMIT_BYTES:
        raise SystemExit(
            f"{directory.best} is larger than {LIMIT_BYTES // 2**20} MiB; train a smaller preset"
        )
    shutil.rmtree(BUNDLED, ignore_errors=True)
    (BUNDLED / "checkpoints").mkdir(parents=True)
    shutil.copyfile(directory.best, BUNDLED / "checkpoints" / directory.best.name)
    (BUNDLED / NAME).write_text(calibration, encoding="utf-8")
    _write(BUNDLED / "config.json", {**description.to_json(), "cache": ""})
    minutes = description.budget.get("minutes")
    figures = {name: value for name, value in measured.items() if isinstance(value, float)}
    _write(
        BUNDLED / "provenance.json",
        {
            "commands": [
                f"doscope train --dataset {description.dataset} --preset {description.config.preset}"
                f" --minutes {minutes:g} --seed {description.config.training.seed} --run runs/bundled",
                "python scripts/bundle_model.py runs/bundled",
            ],
            "seed": description.config.training.seed,
            "data_set": description.recipe,
            "steps": status.step,
            "weights_of_step": explorer.info.step,
            "training_s": round(status.elapsed_s),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}",
            "test_pairs": measured["pairs"],
            "figures": figures,
            "intervals": {name: value for name, value in measured.items() if name.endswith("_interval")},
            "per_action": measured["per_action"],
            "rollout": measured["rollout"],
        },
    )
    print(json.dumps(figures, indent=1))


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/bundle_model.py RUN")
    main(Path(sys.argv[1]))
