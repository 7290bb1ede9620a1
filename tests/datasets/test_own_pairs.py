"""One's own list of pairs: actions are any words, images are shared by pairs, splits by images."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetError, DatasetInputError, SourceError
from datasets.own_pairs import action_space
from datasets.packing import pack, unpack
from tests.cli.conftest import Call, call  # noqa: F401 (fixture)

Rows = list[tuple[str, ...]]
HEADER = "before,after,action"


def picture(folder: Path, name: str, grey: int, side: int = 8) -> None:
    Image.new("RGB", (side, side), (grey % 256, grey // 256, 9)).save(folder / name)


def write(folder: Path, rows: Rows, header: str = HEADER) -> Path:
    """The images that the rows name, each of its own grey by its number, and the table."""
    folder.mkdir(exist_ok=True)
    for name in {name for row in rows for name in row[:2]}:
        if not (folder / name).exists():
            picture(folder, name, int(name.split(".")[0].strip("x")))
    (folder / "pairs.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]))
    return folder


def separate(count: int = 60) -> Rows:
    """Pairs that share no image: three actions, two of which undo each other."""
    words = ("open the door", "tilt+", "tilt-")
    return [(f"{2 * n}.png", f"{2 * n + 1}.png", words[n % 3]) for n in range(count)]


def build(source: Path, **options: object) -> Cache:
    out = source.parent / f"{source.name}.cache.h5"
    for _ in datasets.build_recipe(datasets.make_recipe("own", source=source, **options), out):
        pass
    return Cache.open(out)


def listed(cache: Cache) -> Counter:
    """(grey before, grey after, action) of all pairs."""
    greys = cache.images(np.arange(cache.num_images))[:, 0, 0, :2].astype(int) @ [1, 256]
    found: Counter = Counter()
    for split in SPLITS:
        pairs = cache.transitions(split)
        for before, after, action in zip(pairs.before, pairs.after, pairs.action, strict=True):
            found[int(greys[before]), int(greys[after]), cache.space.action_names[action]] += 1
    return found


def of(rows: Rows) -> Counter:
    return Counter((int(b.split(".")[0]), int(a.split(".")[0]), word) for b, a, word, *_ in rows)


def refused(error: DatasetError, *words: str) -> None:
    """Only for one of these reasons."""
    assert any(word in str(error) for word in words), error


def check_apart(cache: Cache) -> None:
    """No picture is in two splits, and each pair lies in one."""
    split_of: dict[bytes, int] = {}
    for row, pixels in enumerate(cache.images(np.arange(cache.num_images))):
        assert split_of.setdefault(pixels.tobytes(), int(cache.splits[row])) == cache.splits[row]
    assert len(split_of) == cache.num_images
    for number, split in enumerate(SPLITS):
        pairs = cache.transitions(split)
        assert len(pairs)
        assert (cache.splits[np.concatenate([pairs.before, pairs.after])] == number).all()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_list_of_pairs(tmp_path: Path, kind: str) -> None:
    """Every pair is there once, its action is the word; only tilting is known to have a way back."""
    rows = separate()
    source = write(tmp_path / "mine", rows)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            for file in source.iterdir():
                archive.write(file, f"mine/{file.name}")
        source = tmp_path / "mine.zip"
    with build(source) as cache:
        assert listed(cache) == of(rows)
        check_apart(cache)
        assert cache.space.action_names == ("tilt+", "tilt-", "open the door")
        assert not cache.has_factor_labels
        assert (cache.factors == -1).all()
        pairs, words = cache.transitions("train"), np.array([*cache.space.action_names, "none"])
        back = dict(zip(words[pairs.action].tolist(), words[pairs.back].tolist(), strict=True))
        assert back == {"tilt+": "tilt-", "tilt-": "tilt+", "open the door": "none"}
        sizes = [len(cache.transitions(split)) for split in SPLITS]
        assert sizes == [42, 9, 9]
        for _ in pack(cache.path, tmp_path / "packed.h5"):
            pass
    for _ in unpack(tmp_path / "packed.h5", tmp_path / "again.h5"):
        pass
    with Cache.open(tmp_path / "again.h5") as again:
        assert listed(again) == of(rows)


def test_the_first_pairs_are_a_sample(tmp_path: Path) -> None:
    """Also of a list that is sorted by its words."""
    with build(write(tmp_path / "mine", sorted(separate(), key=lambda row: row[2]))) as cache:
        action = cache.transitions("train").action
    assert (np.diff(action) != 0).sum() > 2
    assert len(set(action[: len(action) // 2].tolist())) == 3


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose pictures stay while its table changes."""
    return tmp_path_factory.mktemp("any") / "mine"


@settings(max_examples=10)
@given(
    ends=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=30, max_size=80),
    words=st.lists(st.sampled_from(["a", "b+", "b-", "do = it", "c+"]), min_size=80, max_size=80),
    seed=st.integers(0, 5),
)
def test_any_list_is_shared_out_or_refused(
    pictures: Path, ends: list[tuple[int, int]], words: list[str], seed: int
) -> None:
    """However they hang together: no image in two splits, no null pair, none made up, each word an action."""
    rows = [(f"{b}.png", f"{a}.png", word) for (b, a), word in zip(ends, words, strict=False)]
    folder = write(pictures, rows)
    try:
        cache = build(folder, seed=seed)
    except DatasetInputError as error:
        refused(error, "no training pair", "split has no pair")
        return
    except SourceError as error:
        refused(error, "different actions")
        return
    with cache:
        check_apart(cache)
        found = listed(cache)
        assert found.keys() <= of(rows).keys()
        assert set(found.values()) == {1}
        assert all(before != after for before, after, _ in found)
        assert set(cache.space.action_names) == {word for *_, word in rows}
        assert cache.null_pairs_dropped == sum(before == after for before, after, _ in rows)


def test_the_tables_own_splits(tmp_path: Path) -> None:
    """They are kept; a picture that is in several is the last one's, and training does without."""
    rows = [(*row, ("train", "validation", "test")[n % 5 % 3]) for n, row in enumerate(separate())]
    shared = ("0.png", "4.png", "tilt+", "test")  # both in training pairs
    with build(write(tmp_path / "mine", [*rows, shared], HEADER + ",split")) as cache:
        check_apart(cache)
        wanted = [row for row in rows if row[3] != "train" or not {"0.png", "4.png"} & set(row[:2])]
        assert listed(cache) == of([*wanted, shared])
        assert cache.action_counts("test")["tilt+"] == sum(
            r[2:] == ("tilt+", "test") for r in [*rows, shared]
        )
        assert any("an image is in another split" in note for note in cache.report["notes"])


def test_pictures_that_look_the_same_are_one(tmp_path: Path) -> None:
    """Two files with the same pixels are one image; a pair of them is no pair, and a pair twice is one."""
    rows = separate()
    write(tmp_path / "mine", rows)
    picture(tmp_path / "mine", "200.png", 0)  # as 0.png
    more = [("0.png", "200.png", "tilt+"), ("200.png", "1.png", rows[0][2])]
    with build(write(tmp_path / "mine", rows + more)) as cache:
        assert listed(cache) == of(rows)
        assert cache.null_pairs_dropped == 1
        assert cache.num_images == 120


def test_broken_images_cost_their_pairs(tmp_path: Path) -> None:
    """A few are said and left out."""
    rows = separate()
    write(tmp_path / "mine", rows)
    (tmp_path / "mine" / "7.png").write_bytes(b"no picture")
    with build(tmp_path / "mine") as cache:
        assert listed(cache) == of([row for row in rows if "7.png" not in row])
        assert any("7.png" in words for words in cache.report["broken"])


def test_what_the_command_says(tmp_path: Path, call: Call) -> None:  # noqa: F811
    """Actions instead of factors."""
    source = write(tmp_path / "mine", separate())
    said = call("build", "own", "--source", source, "--out", tmp_path / "x.h5")
    assert said.code == 0, said.err
    assert "actions, with their training pairs: tilt+ (" in said.out
    again = call("build", "own", "--source", source, "--out", tmp_path / "x.h5", "--json")
    assert again.json["factors"] == {}
    assert sum(again.json["action_counts"]["train"].values()) == again.json["pairs"]["train"]


def test_a_look_before_it_is_built(tmp_path: Path, call: Call) -> None:  # noqa: F811
    """What it is taken for, how many pairs, and that only retrieval will be possible."""
    source = write(tmp_path / "mine", separate())
    said = call("build", "own", "--source", source, "--preview", "--json").json
    assert said["form"] == "a folder with a list of 60 pairs, pairs.csv"
    assert said["possible"] == "retrieval only"
    assert said["images"] == 120
    assert said["columns"] == []
    assert said["pairs"] == pytest.approx({"train": 42, "validation": 9, "test": 9})
    assert "rough" in said["doubt"]


@pytest.mark.parametrize(
    ("rows", "header", "options", "words"),
    [
        (separate(), HEADER, {"kinds": ["action=nominal"]}, "is a list of pairs, which has no factors"),
        (separate(), HEADER, {"rules": ["set"]}, "leave out --kind, --pairs, --step and --hold-out"),
        (separate(), HEADER, {"hold_out": [{"tilt": [0]}]}, "is a list of pairs, which has no factors"),
        ([(*row[:2], "go") for row in separate()], HEADER, {}, "1 different actions; there have to be 2"),
        ([*separate(), ("1.png", "2.png", "")], HEADER, {}, "no action in row 61"),
        ([*separate(), ("120.png", "120.png", "once")], HEADER, {}, "the action once has no training pair"),
        (separate(3), HEADER, {}, "has no (training )?pair"),
        ([(*row, "tomorrow") for row in separate()], HEADER + ",split", {}, "the split 'tomorrow' in row 1"),
        ([("../1.png", "2.png", "go")] * 2, HEADER, {}, "lies outside the folder; mend row 1"),
        (separate(), "before,next,action", {}, "must begin with a line of names: path first"),
    ],
)
def test_what_is_refused(tmp_path: Path, rows: Rows, header: str, options: dict, words: str) -> None:
    """With the row or word that is wrong."""
    folder = tmp_path / "mine"
    write(folder, [row for row in rows if "../1.png" not in row] or separate(1))
    (folder / "pairs.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]))
    with pytest.raises(DatasetError, match=words):
        build(folder, **options)
    assert not list(tmp_path.glob("*.h5"))


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    """It is named with its row."""
    folder = write(tmp_path / "mine", separate())
    (folder / "5.png").unlink()
    with pytest.raises(SourceError, match=r"names '5\.png' in row 3, which is not there"):
        build(folder)


@settings(max_examples=40)
@given(st.lists(st.text("ab+-=", min_size=1, max_size=3), min_size=2, max_size=12))
def test_every_word_is_an_action(words: list[str]) -> None:
    """Exactly the words, each once; opposites are so of each other; factors have names of their own."""
    if len(set(words)) < 2:
        return
    space = action_space("x", words)
    assert sorted(space.action_names) == sorted(set(words))
    assert len(set(space.names)) == space.num_factors
    for action, opposite in enumerate(space.opposites.tolist()):
        if opposite >= 0:
            assert space.opposites[opposite] == action
            pair = {space.action_names[action], space.action_names[opposite]}
            assert {word[:-1] for word in pair} == {space.names[space.action_factors[action]]}
    assert type(space).from_json(json.loads(json.dumps(space.to_json()))) == space
