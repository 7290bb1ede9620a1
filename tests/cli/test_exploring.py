"""`apply`, `do` and `traverse` on a tiny run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def explorer_of(run: Path):
    from engine.explorer import Explorer

    return Explorer.load(run, device="cpu", threads=1)


def test_apply_does_what_the_explorer_does(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """Three steps of an action on the command line are three of the Explorer's, down to the pixel."""
    out = tmp_path / "y.png"
    said = call(
        "apply", "--run", tiny_run, "--image", before, "--action", "object_hue+", "--steps", 3, "--out", out
    )
    assert said.code == 0
    assert str(out) in said.out
    explorer = explorer_of(tiny_run)
    codes = explorer.encode(pixels(before))
    for _ in range(3):
        outcome = explorer.apply_action(codes, explorer.info.space.action_index("object_hue+"))
        codes = outcome.codes
    assert np.array_equal(pixels(out), outcome.image)


def test_apply_json_is_one_object(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """--json prints the codes before and after for what changed, and nothing else on stdout."""
    out = tmp_path / "y.png"
    said = call("apply", "--run", tiny_run, "--image", before, "--action", "scale-", "--out", out, "--json")
    assert said.code == 0
    assert said.json["action"] == "scale-"
    assert said.json["out"] == str(out)
    assert len(said.json["codes"]) == 64
    for name, (old, new) in said.json["changed"].items():
        _, row, column = map(int, name.split(","))
        assert said.json["codes"][8 * row + column] == new != old


def test_do_sets_the_variable(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """After do(0,3,4 := 17) that variable has code 17; without --propagate no other one moved."""
    out = tmp_path / "y.png"
    said = call("do", "--run", tiny_run, "--image", before, "--set", "0,3,4=17", "--out", out, "--json")
    assert said.code == 0
    assert said.json["set"] == {"0,3,4": 17}
    assert said.json["codes"][3 * 8 + 4] == 17
    assert set(said.json["changed"]) <= {"0,3,4"}
    assert out.is_file()


def test_do_propagates_and_repeats(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """The example of the documentation; several variables keep their set codes while effects follow."""
    out = tmp_path / "y.png"
    said = call(
        *("do", "--run", tiny_run, "--image", before, "--set", "0,3,4=17", "--set", "0,0,1=2"),
        *("--propagate", "--out", out, "--json"),
    )
    assert said.code == 0
    assert said.json["propagate"] is True
    assert said.json["codes"][28] == 17
    assert said.json["codes"][1] == 2


def test_traverse_actions_draws_a_sheet(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """A row a factor, the middle column being the image itself."""
    out = tmp_path / "sheet.png"
    said = call(
        *("traverse", "--run", tiny_run, "--image", before, "--actions", "object_hue", "scale"),
        *("--steps", 2, "--out", out, "--json"),
    )
    assert said.code == 0
    assert [row["title"] for row in said.json["rows"]] == ["object_hue", "scale"]
    assert len(said.json["rows"][0]["labels"]) == 5
    assert pixels(out).shape[1] > 5 * 64


def test_traverse_variables(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """A row a latent variable, with as many codes as asked."""
    out = tmp_path / "sheet.png"
    said = call(
        *("traverse", "--run", tiny_run, "--image", before, "--variables", "0,1,1", "0,2,2"),
        *("--columns", 4, "--out", out, "--json"),
    )
    assert said.code == 0
    assert [len(row["labels"]) for row in said.json["rows"]] == [4, 4]


def test_image_of_factor_values(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """`shapes:` with factor values is the same picture as the file with them."""
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    common = ("--action", "view+", "--out")
    assert call("apply", "--run", tiny_run, "--image", before, *common, first).code == 0
    assert call("apply", "--run", tiny_run, "--image", "shapes:1,2,3,4,0,7", *common, second).code == 0
    assert np.array_equal(pixels(first), pixels(second))


def test_other_size_is_converted_and_said(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """A grey picture of 128x128 works, and both conversions are named on stderr and in the JSON."""
    grey = tmp_path / "grey.png"
    Image.open(before).convert("L").resize((128, 128)).save(grey)
    said = call(
        *(
            "apply",
            "--run",
            tiny_run,
            "--image",
            grey,
            "--action",
            "view+",
            "--out",
            tmp_path / "y.png",
            "--json",
        )
    )
    assert said.code == 0
    for word in ("grey", "128x128"):
        assert word in said.err
        assert word in said.json["note"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--action", "object_hue"), ("object_hue", "object_hue+", "scale-")),
        (("--action", "colour+"), ("colour+", "object_hue+")),
        (("--action", "view+", "--image", "nowhere.png"), ("nowhere.png", "check the path")),
        (("--action", "view+", "--image", "shapes:1,2,3,4,0,99"), ("view", "0 to 14")),
        (("--action", "view+", "--image", "shapes:1,2,red"), ("floor_hue",)),
        (("--action", "view+", "--steps", "0"), ("at least 1", "--help")),
        (("--action", "view+", "--steps", "some"), ("not a whole number",)),
    ],
)
def test_apply_refuses_in_one_sentence(
    call: Call,
    tiny_run: Path,
    before: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    """Unknown action, missing image, impossible number: exit code 2 and what to do, no traceback."""
    out = tmp_path / "y.png"
    said = call("apply", "--run", tiny_run, "--image", before, "--out", out, *arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("0,3,4=32", ("32", "0 to 31")),
        ("0,3,8=1", ("0,3,8", "1,8,8")),
        ("-1,3,4=1", ("-1,3,4",)),
        ("0,3=1", ("codebook,row,column",)),
        ("0,3,4", ("codebook,row,column=code",)),
        ("0,3,4=x", ("codebook,row,column=code",)),
    ],
)
def test_do_refuses_unknown_codes_and_variables(
    call: Call, tiny_run: Path, before: Path, tmp_path: Path, assignment: str, words: tuple[str, ...]
) -> None:
    """A code or variable that does not exist is named, with the range that does."""
    said = call(
        "do", "--run", tiny_run, "--image", before, f"--set={assignment}", "--out", tmp_path / "y.png"
    )
    assert said.code == 2
    for word in words:
        assert word in said.err


def test_unreadable_image(call: Call, tiny_run: Path, tmp_path: Path) -> None:
    """A file that is no image, and one that is cut off, are each named."""
    text, cut = tmp_path / "notes.png", tmp_path / "cut.png"
    text.write_text("not a picture")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    for path in (text, cut):
        said = call(
            *("apply", "--run", tiny_run, "--image", path, "--action", "view+", "--out", tmp_path / "y.png")
        )
        assert said.code == 2
        assert path.name in said.err


def test_out_that_cannot_be_written(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """A name without an image's ending, and a folder that is a file, are the user's to mend."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "y", tmp_path / "file" / "y.png"):
        said = call("apply", "--run", tiny_run, "--image", before, "--action", "view+", "--out", out)
        assert said.code == 2
        assert out.name in said.err


def test_run_of_another_version(call: Call, tiny_run_copy: Path, before: Path, tmp_path: Path) -> None:
    """A run directory of another format version says both versions and what to do."""
    config = tiny_run_copy / "config.json"
    config.write_text(config.read_text().replace('"version": 1', '"version": 99'))
    said = call(
        *(
            "apply",
            "--run",
            tiny_run_copy,
            "--image",
            before,
            "--action",
            "view+",
            "--out",
            tmp_path / "y.png",
        )
    )
    assert said.code == 2
    assert "99" in said.err
    assert str(tiny_run_copy) in said.err


def test_run_that_is_none(call: Call, before: Path, tmp_path: Path) -> None:
    """A missing run, and a folder that is no run, are told apart."""
    common = ("--image", before, "--action", "view+", "--out", tmp_path / "y.png")
    missing = call("apply", "--run", tmp_path / "nowhere", *common)
    other = call("apply", "--run", tmp_path, *common)
    assert (missing.code, other.code) == (2, 2)
    assert "there is no run" in missing.err
    assert "not a run directory" in other.err


def test_run_with_damaged_weights(call: Call, tiny_run_copy: Path, before: Path, tmp_path: Path) -> None:
    """A truncated checkpoint is named; nothing is guessed."""
    for path in (tiny_run_copy / "checkpoints").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:500])
    said = call(
        *(
            "apply",
            "--run",
            tiny_run_copy,
            "--image",
            before,
            "--action",
            "view+",
            "--out",
            tmp_path / "y.png",
        )
    )
    assert said.code == 2
    assert ".safetensors" in said.err


def test_interventions_are_made_in_their_order(
    call: Call, tiny_run: Path, before: Path, tmp_path: Path
) -> None:
    """An action, two variables at once, a propagated one, an action: as the Explorer does one by one."""
    out = tmp_path / "y.png"
    said = call(
        "intervene", "--run", tiny_run, "--image", before, "--action", "scale+",
        "--set", "0,3,4=17", "0,0,1=2", "--propagate", "0,5,5=3",
        "--action", "shape-", "--out", out, "--json",
    )  # fmt: skip
    assert said.code == 0
    explorer = explorer_of(tiny_run)
    space = explorer.info.space
    codes = explorer.encode(pixels(before))
    codes = explorer.apply_action(codes, space.action_index("scale+")).codes
    codes = explorer.do(codes, {28: 17, 1: 2}, propagate=False).codes
    codes = explorer.do(codes, {45: 3}, propagate=True).codes
    last = explorer.apply_action(codes, space.action_index("shape-"))
    assert said.json["codes"] == last.codes.tolist()
    assert np.array_equal(pixels(out), last.image)
    assert said.json["interventions"] == [
        {"action": "scale+"}, {"set": {"0,3,4": 17, "0,0,1": 2}}, {"propagate": {"0,5,5": 3}},
        {"action": "shape-"},
    ]  # fmt: skip


def test_all_codes_can_be_given(call: Call, tiny_run: Path, before: Path, tmp_path: Path) -> None:
    """--codes is a whole state; another number of codes than there are variables is refused."""
    given = ",".join(str(n % 32) for n in range(64))
    parts = ("intervene", "--run", tiny_run, "--image", before, "--out", tmp_path / "y.png", "--json")
    assert call(*parts, "--codes", given).json["codes"] == [n % 32 for n in range(64)]
    said = call(*parts, "--codes", "1,2,3")
    assert said.code != 0
    assert "64 codes" in said.err
    said = call(*parts)
    assert said.code != 0
    assert "nothing to do" in said.err


def test_an_image_of_a_cache_by_its_number(
    call: Call, tiny_run: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    """CACHE#NUMBER is that image; a number beyond the last is refused with the range."""
    from datasets.cache import Cache

    parts = ("intervene", "--run", tiny_run, "--action", "scale+", "--out", tmp_path / "y.png", "--json")
    said = call(*parts, "--image", f"{tiny_cache}#5")
    explorer = explorer_of(tiny_run)
    with Cache.open(tiny_cache) as cache:
        codes, count = explorer.encode(cache.images([5])[0]), cache.num_images
    action = explorer.info.space.action_index("scale+")
    assert said.json["codes"] == explorer.apply_action(codes, action).codes.tolist()
    said = call(*parts, "--image", f"{tiny_cache}#{count}")
    assert said.code != 0
    assert f"0 to {count - 1}" in said.err
