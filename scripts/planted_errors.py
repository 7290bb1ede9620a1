"""Errors planted on purpose, each with the test file that has to notice: `python scripts/planted_errors.py`.

A test that cannot fail tests nothing. Every error below is put into a copy of the project, alone, and the
test file beside it is run; the command ends with 1 if one went unnoticed. Not part of `make test`: it takes
some minutes. `python scripts/planted_errors.py probes` plants those whose file or name has that word.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("benchmarks", "cli", "datasets", "engine", "gui", "resources", "scripts", "tests")


class Planted(NamedTuple):
    """One error: `old` occurs once in `path` and becomes `new`; `test` should fail then."""

    name: str
    path: str
    old: str
    new: str
    test: str


M, T = "engine/metrics", "tests/engine"
INTERVENTIONS, DISENTANGLEMENT, GRAPH = (
    f"{T}/test_{name}.py" for name in ("interventions", "disentanglement", "graph_metrics")
)
METRICS, PROBES, EVALUATION = (f"{T}/test_{name}.py" for name in ("metrics", "probes", "evaluation"))
PLANTED = (
    Planted(
        "accuracy over pairs, not over actions",
        f"{M}/intervals.py",
        "float(np.mean([values[group == g].mean() for g in np.unique(group)]))",
        "float(values.mean())",
        METRICS,
    ),
    Planted(
        "an interval of 90 %",
        f"{M}/intervals.py",
        "np.mean(means, axis=0), [2.5, 97.5]",
        "np.mean(means, axis=0), [5, 95]",
        METRICS,
    ),
    Planted(
        "factors compared as actions",
        f"{M}/retrieval.py",
        '"factor_accuracy": macro(answer % f == truth % f',
        '"factor_accuracy": macro(answer == truth',
        METRICS,
    ),
    Planted(
        "chance over all actions",
        f"{M}/retrieval.py",
        '"chance": 1 / len(occurring)',
        '"chance": 1 / len(names)',
        METRICS,
    ),
    Planted(
        "confusion turned",
        f"{M}/retrieval.py",
        "np.add.at(confusion, (truth, answer), 1)",
        "np.add.at(confusion, (answer, truth), 1)",
        METRICS,
    ),
    Planted(
        "a training pair counted in one direction",
        f"{M}/retrieval.py",
        "(stored + np.roll(stored, num_factors))",
        "stored",
        METRICS,
    ),
    Planted(
        "PSNR of a range of 2",
        f"{M}/images.py",
        "np.square(difference / 255)",
        "np.square(difference / 510)",
        METRICS,
    ),
    Planted(
        "SSIM with a flat window",
        f"{M}/images.py",
        "np.exp(-(offset**2) / (2 * SIGMA**2))",
        "np.ones(WINDOW)",
        METRICS,
    ),
    Planted(
        "a quality cost with the sign turned",
        f"{M}/intervening.py",
        "psnr_of_images(best, truth) - psnr_of_images(acted, truth)",
        "psnr_of_images(acted, truth) - psnr_of_images(best, truth)",
        INTERVENTIONS,
    ),
    Planted(
        "moved judged against what was read, not against the truth",
        f"{M}/interventions.py",
        "wrong = (read != intended(before, action, repetitions)) & factors",
        "wrong = (read == before) & factors",
        INTERVENTIONS,
    ),
    Planted(
        "atomic without a look at the others",
        f"{M}/interventions.py",
        "hit & (moved == 0)",
        "hit",
        INTERVENTIONS,
    ),
    Planted(
        "collateral counts the target",
        f"{M}/interventions.py",
        "moved = wrong.sum(axis=1) - ~hit",
        "moved = wrong.sum(axis=1)",
        INTERVENTIONS,
    ),
    Planted(
        "repetitions forgotten",
        f"{M}/interventions.py",
        "repetitions * np.where(action < num_factors, 1, -1)",
        "np.where(action < num_factors, 1, -1)",
        INTERVENTIONS,
    ),
    Planted(
        "steps out of the range count",
        f"{M}/interventions.py",
        "(after >= 0) & (after < np.array(sizes))",
        "(after >= -9) & (after < 99 + np.array(sizes))",
        INTERVENTIONS,
    ),
    Planted(
        "probes trained on test images too",
        f"{M}/probes.py",
        'rows, read = cache.rows("train"), readable_factors(cache)',
        "rows, read = np.arange(cache.num_images), readable_factors(cache)",
        PROBES,
    ),
    Planted(
        "probes chosen on test images",
        f"{M}/probes.py",
        'cache.rows("validation")[:CHECK_IMAGES]',
        'cache.rows("test")[:CHECK_IMAGES]',
        PROBES,
    ),
    Planted(
        "probes with the heads exchanged",
        f"{M}/probes.py",
        "F.cross_entropy(x, truth[:, f])",
        "F.cross_entropy(x, truth[:, -1 - f] % x.shape[1])",
        PROBES,
    ),
    Planted(
        "kept probes of any data set",
        f"{M}/probe_store.py",
        'checkpoint.meta.get("probes") != key_of(cache)',
        "False",
        PROBES,
    ),
    Planted(
        "MIG not divided by the entropy",
        f"{M}/mig.py",
        "np.maximum(np.concatenate(parts), 0) / of_factor",
        "np.maximum(np.concatenate(parts), 0)",
        DISENTANGLEMENT,
    ),
    Planted("MIG with ten bins", f"{M}/mig.py", "BINS = 20", "BINS = 10", DISENTANGLEMENT),
    Planted(
        "DCI's completeness over factors",
        f"{M}/dci.py",
        "_entropy_of_rows(importance_DF.T)",
        "_entropy_of_rows(importance_DF)",
        DISENTANGLEMENT,
    ),
    Planted(
        "DCI without weights of dimensions",
        f"{M}/dci.py",
        "weight_D * (1 - _entropy_of_rows(importance_DF))",
        "np.full_like(weight_D, 1 / len(weight_D)) * (1 - _entropy_of_rows(importance_DF))",
        DISENTANGLEMENT,
    ),
    Planted(
        "DCI judged on its training part",
        f"{M}/dci.py",
        "classifier.predict(code_test) == factors_test[:, factor]",
        "classifier.predict(code_train) == factors_train[:, factor]",
        DISENTANGLEMENT,
    ),
    Planted(
        "SAP judged with the classes unbalanced",
        f"{M}/sap.py",
        "weight_C = class_C.sum() / (len(class_C) * class_C)",
        "weight_C = np.ones_like(class_C)",
        DISENTANGLEMENT,
    ),
    Planted(
        "FactorVAE score without scaling",
        f"{M}/factor_vae.py",
        "/ active.std(axis=0, ddof=1)",
        "/ 1.0",
        DISENTANGLEMENT,
    ),
    Planted(
        "FactorVAE score judged on its own votes",
        f"{M}/factor_vae.py",
        "majority_accuracy(votes_DF[0], votes_DF[1])",
        "majority_accuracy(votes_DF[0] + votes_DF[1], votes_DF[0] + votes_DF[1])",
        DISENTANGLEMENT,
    ),
    Planted(
        "a readout fitted on what chooses its penalty",
        f"{M}/action_aligned.py",
        "held = np.arange(len(x)) % HELD_OUT == HELD_OUT - 1",
        "held = np.ones(len(x), dtype=bool)",
        f"{T}/test_action_aligned.py",
    ),
    Planted(
        "graph value the wrong way round",
        f"{M}/graph.py",
        "float((cut - learned) / (cut - full))",
        "float((cut - full) / (cut - learned))",
        GRAPH,
    ),
    Planted(
        "the diagonal counts among the edges",
        f"{M}/graph.py",
        "max(1, b * n * (n - 1))",
        "max(1, b * n * n)",
        GRAPH,
    ),
    Planted(
        "frequencies of codes from test images",
        f"{M}/graph.py",
        "code_frequencies(train_codes, codes,",
        "code_frequencies(codes, codes,",
        GRAPH,
    ),
    Planted(
        "AUROC with ties lost",
        f"{M}/graph_effects.py",
        "np.cumsum(negatives) - negatives / 2",
        "np.cumsum(negatives) - negatives",
        GRAPH,
    ),
    Planted(
        "effects doubled",
        f"{M}/graph_effects.py",
        "distance = 0.5 * (probability[1:]",
        "distance = 1.0 * (probability[1:]",
        GRAPH,
    ),
    Planted(
        "edges read from effect to cause",
        f"{M}/graph_effects.py",
        "[sources][:, targets]",
        ".T[sources][:, targets]",
        GRAPH,
    ),
    Planted(
        "rollouts start anew each time",
        f"{M}/rollouts.py",
        "codes, read = yield from _one_more(explorer, probes, codes,",
        "_, read = yield from _one_more(explorer, probes, codes,",
        INTERVENTIONS,
    ),
    Planted(
        "ceilings from training images",
        f"{M}/rollouts.py",
        "known: npt.NDArray[np.bool_] = ~training if",
        "known: npt.NDArray[np.bool_] = (rows >= -1) if",
        INTERVENTIONS,
    ),
    Planted(
        "another split's pairs measured",
        f"{M}/subject.py",
        "pairs = cache.transitions(split)",
        'pairs = cache.transitions("train")',
        EVALUATION,
    ),
    Planted(
        "a picture in two splits",
        "datasets/splits.py",
        "if any(self._owner.get(content, split) != split for content in (before, after)):",
        "if False:",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "a pair in two splits",
        "datasets/splits.py",
        "self._settled.add(pair.key)\n        self.pairs",
        "self.pairs",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "pairs that wrap around",
        "datasets/splits.py",
        "rng.integers(0, sizes[factor] - 1)",
        "rng.integers(0, sizes[factor])",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "actions turned",
        "datasets/splits.py",
        "action = np.where(rises, factor, factor + len(sizes))",
        "action = np.where(rises, factor + len(sizes), factor)",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "identical pictures kept as pairs",
        "datasets/splits.py",
        "if before == after:",
        "if False:",
        "tests/datasets/test_splits.py",
    ),
    Planted(
        "the autoencoder sees test images",
        "engine/phases.py",
        'self._rows = state.cache.rows("train")',
        "self._rows = np.arange(state.cache.num_images)",
        f"{T}/test_training.py",
    ),
    Planted(
        "the causal layer sees test pairs",
        "engine/batches.py",
        'pairs = cache.transitions("train")',
        'pairs = cache.transitions("test")',
        f"{T}/test_training.py",
    ),
)


def main(words: list[str]) -> int:
    """Plants all errors, or those whose name or path has one of the words; 0 if every one was noticed."""
    chosen = [p for p in PLANTED if not words or any(word in f"{p.name} {p.path}" for word in words)]
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in COPIED:
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "main.py"):
            shutil.copy(ROOT / name, copy / name)
        for planted in chosen:
            begun = time.monotonic()
            noticed = _is_noticed(copy, planted)
            unnoticed += not noticed
            word = "noticed" if noticed else "NOT NOTICED"
            print(
                f"{word:12} {planted.name} ({planted.path}; {planted.test}; {time.monotonic() - begun:.0f} s)"
            )
    print(f"{len(chosen) - unnoticed} of {len(chosen)} noticed")
    return 1 if unnoticed else 0


def _is_noticed(copy: Path, planted: Planted) -> bool:
    path = copy / planted.path
    whole = path.read_text(encoding="utf-8")
    if whole.count(planted.old) != 1:
        raise SystemExit(f"{planted.path} has '{planted.old}' {whole.count(planted.old)} times, not once")
    path.write_text(whole.replace(planted.old, planted.new), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(copy), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", planted.test]
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=False)
    finally:
        path.write_text(whole, encoding="utf-8")
    return done.returncode == 1  # 1: a test failed; others: nothing was tested


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
