"""From scores of a pair to probabilities that mean what they say; learned on validation pairs.

Two things are learned (docs/model.md, section 5):

temperature: p(a) is softmax(log p(a) / T), T being the one that gives the true actions of validation pairs
    the least cross entropy (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2).
kinds: whether no, one, or more than one action lies between two images: a multinomial logistic regression on
    four numbers of the pair, learned on validation images. One action: the validation pairs. None: an image
    and the same one with a little noise, or two images of the same factor values where there are such. More
    than one: images that differ by two steps or more, near and far.

Both are kept with the run, so that a later question needs no data set.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.cache import Cache
from datasets.factors import FactorSpace
from datasets.home import caches_dir
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.images import psnr_of_images
from engine.results import KINDS, Codes, FloatArray, PairScores
from engine.run_directory import RunDirectory
from engine.same_data import check_same_data
from engine.whole_files import whole

VERSION = 1  # of how it is learned; a higher one learns anew
NAME = "calibration.json"
PAIRS, KIND_PAIRS = 1000, 300
TEMPERATURES = np.geomspace(0.1, 20, 213)
STRANGE = 0.005  # share of validation images that are reconstructed worse than the floor
MOST_NOISE = 6.0  # standard deviation, of 255
FAR = 5  # steps
BATCH = 64

Images = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


def log_softmax(x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Over the last dimension."""
    moved = x.astype(np.float64) - x.max(axis=-1, keepdims=True)
    return np.asarray(moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True)))


@dataclass(frozen=True)
class KindModel:
    """Multinomial logistic regression on standardized numbers of a pair.

    Attributes:
        centre, scale: of each number, [4].
        weights: of each kind in the order of `KINDS`, the constant last, [3][5].
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]

    def probabilities(self, numbers_B4: npt.NDArray[np.float64]) -> FloatArray:
        """Probability of each kind, [B,3]."""
        standard = (numbers_B4 - np.array(self.centre)) / np.array(self.scale)
        logits = np.append(standard, np.ones((len(standard), 1)), axis=1) @ np.array(self.weights).T
        return np.exp(log_softmax(logits)).astype(np.float32)


@dataclass(frozen=True)
class Calibration:
    """What was learned of a run.

    Attributes:
        fingerprint: of the weights that it belongs to.
        pairs: validation pairs that the temperature was learned from.
        temperature: T; above 1 the model was too sure of itself.
        psnr_floor: 99.5 % of the validation images are reconstructed better, dB.
        kinds: None where the data set has no factor labels that tell steps apart.
    """

    fingerprint: str
    pairs: int
    temperature: float
    psnr_floor: float
    kinds: KindModel | None

    def probabilities(self, scores: PairScores) -> FloatArray:
        """p(action | it was one action), [B,A]."""
        return np.exp(log_softmax(scores.log_probability / self.temperature)).astype(np.float32)

    def kinds_of(self, scores: PairScores, changed: npt.NDArray[np.int64], n: int) -> FloatArray | None:
        """Probability of each of `KINDS`, [B,3]; None where it was not learned.

        Args:
            scores: of the pairs.
            changed: variables whose code differs, [B].
            n: all variables.
        """
        return None if self.kinds is None else self.kinds.probabilities(pair_numbers(scores, changed, n))


def pair_numbers(scores: PairScores, changed: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.float64]:
    """What tells how many actions lie between two images, [B,4].

    Nats a variable with the best action, and with none, both as logarithms; the share of variables that
    changed; the nats with the best action that come on a variable that changed, as a logarithm.
    """
    best = scores.cross_entropy.min(axis=1).astype(np.float64)
    columns = (
        np.log(best + 0.01),
        np.log(scores.unchanged.astype(np.float64) + 0.01),
        changed / n,
        np.log((best * n + 1) / (changed + 1)),
    )
    return np.stack(columns, axis=1)


def calibration_steps(explorer: Explorer, cache: Cache) -> Generator[Progressed, None, Calibration]:
    """Learns the calibration of a run from the validation split of its data set, and keeps it.

    Raises:
        RunError: the cache has other factors, image sizes or splits than the run was trained with.
        InputError: the validation split has no pairs.
    """
    check_same_data(RunDirectory(explorer.info.path).description(), cache)
    rng = np.random.default_rng(0)
    pairs = cache.transitions("validation")
    if not len(pairs):
        raise InputError(f"the validation split of {cache.path} has no pairs to calibrate with")
    some = rng.permutation(len(pairs))[:PAIRS]
    rows = np.unique([pairs.before[some], pairs.after[some]])
    codes, decibels = yield from _encoded(explorer, cache, rows)

    def of(wanted: Ints) -> Codes:
        return codes[np.searchsorted(rows, wanted)]

    before, after = of(pairs.before[some]), of(pairs.after[some])
    scores = yield from scored(explorer, before, after, "calibrating on validation pairs")
    kinds = None
    if cache.has_factor_labels:
        one = pair_numbers(scores, (before != after).sum(axis=1), before.shape[1])
        kinds = yield from _learned_kinds(explorer, cache, rows, codes, one, rng)
    found = Calibration(
        explorer.info.fingerprint,
        len(some),
        fitted_temperature(scores.log_probability, pairs.action[some]),
        float(np.quantile(decibels, STRANGE)),
        kinds,
    )
    keep_calibration(explorer, found)
    return found


def fitted_temperature(log_probability: FloatArray, truth: Ints) -> float:
    """The most probable temperature given the true actions [n] under log-probabilities [n,A].

    Its logarithm is taken to be normal around 0 with a deviation of 1, so that pairs without an error
    leave the model's own probabilities about as they are instead of making it certain.
    """
    best, least = 1.0, np.inf
    for temperature in TEMPERATURES:
        tempered = log_softmax(log_probability.astype(np.float64) / temperature)
        cost = -tempered[np.arange(len(truth)), truth].sum() + 0.5 * np.log(temperature) ** 2
        if cost < least:
            best, least = float(temperature), float(cost)
    return best


def scored(
    explorer: Explorer, before: Codes, after: Codes, stage: str
) -> Generator[Progressed, None, PairScores]:
    """Scores of pairs of codes [P,N], a batch at a time."""
    if not len(before):
        of_actions = np.zeros((0, explorer.info.space.num_actions), dtype=np.float32)
        return PairScores(of_actions, of_actions, np.zeros(0, dtype=np.float32))
    parts = []
    for start in range(0, len(before), BATCH):
        part = slice(start, start + BATCH)
        parts.append(explorer.retrieve_codes(before[part], after[part]))
        yield Progressed(stage, min(start + BATCH, len(before)), len(before))
    return PairScores(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def unlike_pairs(
    space: FactorSpace, factors: Ints, count: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Images of own values [n,F] two actions apart or more: places of both, [m] twice, m up to `count`.

    Every other pair is a near one where there is such an image, of two to five steps: of the lengths that
    occur each is as likely. The rest are any.
    """
    first, second = [], []
    for number, place in enumerate(rng.integers(0, len(factors), count)):
        steps = space.actions_between(factors, factors[place])
        lengths = np.unique(steps[(steps >= 2) & (steps <= FAR)])
        near = number % 2 == 0 and len(lengths) > 0
        allowed = np.flatnonzero(steps == rng.choice(lengths) if near else steps >= 2)
        if len(allowed):
            first.append(place)
            second.append(rng.choice(allowed))
    return np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)


def alike_pairs(factors: Ints, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Different images of the same factor values: places of both, [m] twice, m up to `count`."""
    order = np.lexsort(factors.T)
    same = np.flatnonzero((factors[order[1:]] == factors[order[:-1]]).all(axis=1))
    chosen = rng.permutation(same)[:count]
    return order[chosen].astype(np.int64), order[chosen + 1].astype(np.int64)


def noisy(images: Images, rng: np.random.Generator) -> Images:
    """Each image with noise of its own strength, hardly seen."""
    strength = rng.uniform(0, MOST_NOISE, (len(images), 1, 1, 1))
    return np.clip(np.rint(images + rng.normal(0, 1, images.shape) * strength), 0, 255).astype(np.uint8)


def kind_numbers(
    explorer: Explorer, cache: Cache, rows: Ints, codes: Codes, rng: np.random.Generator, count: int
) -> Generator[Progressed, None, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Numbers of pairs with no action, and of pairs with more than one, [m,4] each.

    Args:
        explorer: the run.
        cache: the data set.
        rows: images of one split, rows of the cache [n].
        codes: theirs, [n,N].
        rng: draws the pairs and the noise.
        count: pairs of each kind, at most.
    """
    factors = cache.own_values[rows]  # one action is one step of one of them
    alike = alike_pairs(factors, count // 2, rng)
    places = rng.integers(0, len(rows), count - len(alike[0]))
    disturbed = []
    for start in range(0, len(places), BATCH):
        disturbed.append(explorer.encode(noisy(cache.images(rows[places[start : start + BATCH]]), rng)))
        yield Progressed("encoding the images", min(start + BATCH, len(places)), len(places))
    none = (
        np.concatenate([codes[alike[0]], codes[places]]),
        np.concatenate([codes[alike[1]], *disturbed]),
    )
    unlike = unlike_pairs(cache.space, factors, count, rng)
    several = (codes[unlike[0]], codes[unlike[1]])
    numbers = []
    for before, after in (none, several):
        scores = yield from scored(explorer, before, after, "telling no, one and more actions apart")
        numbers.append(pair_numbers(scores, (before != after).sum(axis=1), before.shape[1]))
    return numbers[0], numbers[1]


def _learned_kinds(
    explorer: Explorer,
    cache: Cache,
    rows: Ints,
    codes: Codes,
    one: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Generator[Progressed, None, KindModel | None]:
    from sklearn.linear_model import LogisticRegression

    count = min(KIND_PAIRS, len(one))
    none, several = yield from kind_numbers(explorer, cache, rows, codes, rng, count)
    one = one[:count]
    numbers = np.concatenate([none, one, several])
    truth = np.repeat(np.arange(len(KINDS)), [len(none), len(one), len(several)])
    if len(np.unique(truth)) < len(KINDS):
        return None
    centre, scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    learned = LogisticRegression(class_weight="balanced", max_iter=1000).fit(
        (numbers - centre) / scale, truth
    )
    weights = np.append(learned.coef_, learned.intercept_[:, None], axis=1)
    return KindModel(
        tuple(centre.tolist()), tuple(scale.tolist()), tuple(tuple(row) for row in weights.tolist())
    )


def _encoded(
    explorer: Explorer, cache: Cache, rows: Ints
) -> Generator[Progressed, None, tuple[Codes, npt.NDArray[np.float64]]]:
    """Codes of rows of the cache [n,N], and how well each is reconstructed, dB [n]."""
    codes, decibels = [], []
    for start in range(0, len(rows), BATCH):
        images = cache.images(rows[start : start + BATCH])
        codes.append(explorer.encode(images))
        decibels.append(psnr_of_images(explorer.decode(codes[-1]), images))
        yield Progressed("encoding the images", min(start + BATCH, len(rows)), len(rows))
    return np.concatenate(codes), np.concatenate(decibels)


# ------------------------------------------------------------ kept with the run


def kept_calibration(explorer: Explorer) -> Calibration | None:
    """What is kept of these very weights; None where nothing is, or nothing that can be read."""
    for place in _places(explorer):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            data = json.loads(place.read_text(encoding="utf-8"))
            if data["version"] == VERSION and data["fingerprint"] == explorer.info.fingerprint:
                return _from_json(data)
    return None


def keep_calibration(explorer: Explorer, found: Calibration) -> None:
    """Writes it with the run, or else in the home folder; where neither can be, it is learned again."""
    for place in _places(explorer):
        try:
            with whole(place, make_folders=place.parent == caches_dir()) as temporary:
                temporary.write_text(as_json(found), encoding="utf-8")
        except OSError:
            continue
        return


def as_json(found: Calibration) -> str:
    """The contents of the file."""
    return json.dumps({"version": VERSION, **asdict(found)}, indent=1) + "\n"


def _places(explorer: Explorer) -> tuple[Path, Path]:
    """With the run; for one whose folder belongs to another user, in the home folder."""
    return explorer.info.path / NAME, caches_dir() / f"calibration-{explorer.info.fingerprint}.json"


def _from_json(data: dict[str, Any]) -> Calibration:
    kinds = data["kinds"]
    if kinds is not None:
        weights = tuple(tuple(float(w) for w in row) for row in kinds["weights"])
        centre, scale = (tuple(float(x) for x in kinds[name]) for name in ("centre", "scale"))
        if [len(centre), len(scale), *map(len, weights)] != [4, 4, 5, 5, 5]:
            raise ValueError("the wrong number of weights")
        kinds = KindModel(centre, scale, weights)
    return Calibration(
        str(data["fingerprint"]), int(data["pairs"]), float(data["temperature"]), float(data["psnr_floor"]),
        kinds,
    )  # fmt: skip
