"""What is built, trained and measured: experiments, their settings, and the steps in their order.

A command is written as one would type it after `doscope`, inside the working folder. The place of the user's
own files is the word `{sprites}` or `{faces}` in it, so that no result holds a path of one machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# The budget of a training counts from an empty home: what building the cache and starting the program take
# is taken off, at two cores. The measured times stand in the table.
_START_UP_MINUTES = {
    "shapes": 0.4,
    "imbalanced": 0.8,
    "uniform": 0.8,
    "pendulum": 0.45,
    "sprites": 1.5,
    "faces": 1.0,
}
IMBALANCED_IMAGES = 40_000
# Ten that the drawn faces really show and that can be told apart at 64 x 64; named, so that other files
# get the same ones. Those with most pairs include some that are hardly drawn.
FACE_ATTRIBUTES = (
    *("Bangs", "Big_Nose", "Black_Hair", "Blond_Hair", "Eyeglasses"),
    *("Gray_Hair", "Male", "Smiling", "Wearing_Hat", "Young"),
)
SKEW = ("--skew", "object_hue=100", "--correlate", "floor_hue,wall_hue=0.2")
QUICK_MINUTES = 0.3
QUICK_PAIRS = ("--train-pairs", "1500", "--validation-pairs", "200", "--test-pairs", "300")
QUICK_IMAGES = 8_000
# Words of a command that stand for the user's own files, and what those are
SOURCES = {"sprites": "the folder of LPC sheets", "faces": "the folder or archive in CelebA's layout"}


@dataclass(frozen=True)
class Experiment:
    """A training on a data set, repeated with several seeds.

    Attributes:
        name: as in `--only`.
        title: as in the table.
        data: the name of its cache; two experiments may share one.
        build: arguments of `doscope build`, without `--out`.
        preset: of the training.
        minutes: the time that the bar allows, from an empty home; 0 for the tiny settings, which have no bar.
        train_minutes: the `--minutes` of the training.
        needs: the word of SOURCES that the build needs, or empty.
        asked_only: it runs only when `--only` names it, and with one seed.
    """

    name: str
    title: str
    data: str
    build: tuple[str, ...]
    preset: str
    minutes: float
    train_minutes: float
    needs: str = ""
    asked_only: bool = False


@dataclass(frozen=True)
class Step:
    """One call of the command line.

    Attributes:
        verb: "build", "train" or "evaluate".
        experiment: whose step it is; the build of a shared cache belongs to the first that needs it.
        seed: of the training, None for a build.
        chain: the commands that lead here, this step's own last; a result is valid for exactly these.
    """

    verb: str
    experiment: Experiment
    seed: int | None
    chain: tuple[str, ...]

    @property
    def command(self) -> str:
        """This step's own command, without the program's name."""
        return self.chain[-1]

    @property
    def name(self) -> str:
        """Unique, and a file name: "shapes.build", "imbalanced-2.train"."""
        if self.verb == "build":
            return f"{self.experiment.data}.build"
        return f"{self.experiment.name}-{self.seed}.{self.verb}"

    @property
    def needs(self) -> str | None:
        """The name of the step that has to be done before."""
        if self.verb == "build":
            return None
        build = f"{self.experiment.data}.build"
        return build if self.verb == "train" else f"{self.experiment.name}-{self.seed}.train"

    @property
    def run(self) -> str:
        """The run directory inside the working folder."""
        return f"runs/{self.experiment.name}-{self.seed}"

    @property
    def cache(self) -> str:
        """The cache inside the working folder."""
        return f"caches/{self.experiment.data}.h5"


def experiments(quick: bool = False) -> tuple[Experiment, ...]:
    """All experiments, the quick ones with tiny caches and short trainings."""
    images = ("--images", str(QUICK_IMAGES if quick else IMBALANCED_IMAGES))
    attributes = ("--attributes", ",".join(FACE_ATTRIBUTES))
    shapes = ("shapes",)
    whole = (
        _experiment("shapes", "shapes", shapes, 10),
        _experiment("imbalanced", "shapes, imbalanced", (*shapes, *SKEW, *images), 10),
        _experiment("uniform", "shapes, uniform of the same size", (*shapes, *images), 10),
        _experiment("pendulum", "pendulum", ("pendulum",), 5),
        _detailed("sprites", ("sprites", "--source", "{sprites}")),
        _detailed("faces", ("celeba", "--source", "{faces}", *attributes)),
        replace(
            _experiment("shapes", "shapes, preset quality", shapes, 60),
            name="quality",
            preset="quality",
            asked_only=True,
        ),
    )
    return tuple(_tiny(experiment) for experiment in whole) if quick else whole


def _experiment(name: str, title: str, build: tuple[str, ...], minutes: float, needs: str = "") -> Experiment:
    train_minutes = round(minutes - _START_UP_MINUTES[name], 2)
    return Experiment(name, title, name, build, "small", minutes, train_minutes, needs)


def _detailed(name: str, build: tuple[str, ...]) -> Experiment:
    """Of the user's own files, which show more than a code a patch can tell."""
    return replace(_experiment(name, name, build, 30, needs=name), preset="detailed")


def _tiny(experiment: Experiment) -> Experiment:
    # The pairs of imported faces are what the files give; their number is no argument of a tiny build.
    pairs: tuple[str, ...] = () if experiment.name == "faces" else QUICK_PAIRS
    if "--images" in experiment.build:  # there the training pairs are all neighbours among the images
        pairs = QUICK_PAIRS[2:]
    return replace(experiment, build=(*experiment.build, *pairs), minutes=0, train_minutes=QUICK_MINUTES)


def plan(
    chosen: tuple[Experiment, ...], seeds: tuple[int, ...], quick: bool = False, threads: int | None = None
) -> list[Step]:
    """The steps in the order of their work: everything with the first seed, then with the next.

    Args:
        chosen: the experiments to do; one that is `asked_only` is done with the first seed only.
        seeds: of the trainings.
        quick: measure the quick subset of the figures.
        threads: processor threads of each command, None for all cores.
    """
    steps: dict[str, Step] = {}
    for seed in seeds:
        for experiment in chosen:
            if not (experiment.asked_only and seed != seeds[0]):
                for step in steps_of(experiment, seed, quick, threads):
                    steps.setdefault(step.name, step)
    return list(steps.values())


def steps_of(
    experiment: Experiment, seed: int, quick: bool = False, threads: int | None = None
) -> tuple[Step, Step, Step]:
    """Build, training and evaluation of one experiment with one seed."""
    using: tuple[str, ...] = () if threads is None else ("--threads", str(threads))
    first = Step("build", experiment, None, ())
    train = Step("train", experiment, seed, ())
    build_words = ("build", *experiment.build, "--seed", "0", "--out", first.cache)
    train_words = (
        *("train", "--dataset", train.cache, "--preset", experiment.preset),
        *("--minutes", f"{experiment.train_minutes:g}", "--seed", str(seed), "--run", train.run),
        *using,
    )
    measure_words = ("evaluate", "--run", train.run, *(("--quick",) if quick else ()), *using)
    chain = tuple(" ".join(words) for words in (build_words, train_words, measure_words))
    return (
        replace(first, chain=chain[:1]),
        replace(train, chain=chain[:2]),
        Step("evaluate", experiment, seed, chain),
    )
