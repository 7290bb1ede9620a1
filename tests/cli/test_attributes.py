"""`doscope build celeba`: choosing attributes, what is reported, and faces by their values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import datasets
from cli.models import read_image
from datasets.errors import DatasetInputError
from tests.cli.conftest import Call
from tests.datasets.faces import random_faces


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_faces(60).write(tmp_path_factory.mktemp("faces"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_building_faces(call: Call, folder: Path) -> None:
    """The chosen attributes are factors, those that never vary are named; the JSON object has the report."""
    said = call("build", "celeba", "--source", folder, "--attributes", "Male,Blurry,Smiling")
    assert said.code == 0
    assert "factors: Male, Smiling\n" in said.out
    assert "left out, as they do not vary: Blurry\n" in said.out
    assert "Smiling-" in said.out
    again = call("build", "celeba", "--source", folder, "--attributes", "Male,Blurry,Smiling", "--json")
    assert again.json["built"] is False
    assert "by another recipe" not in again.err
    assert again.json["factors"] == {"Male": 2, "Smiling": 2}
    assert again.json["report"]["left_out"] == ["Blurry"]
    assert again.json["report"]["pairs"]["test"].keys() == {"Male+", "Smiling+", "Male-", "Smiling-"}
    assert (
        again.json["action_counts"]["train"]["Male+"]
        == again.json["report"]["pairs"]["train"]["Male+"]["pairs"]
    )
    other = call("build", "celeba", "--source", folder, "--attributes", "Bald")
    assert "by another recipe" in other.err
    unasked = call("build", "celeba", "--source", folder)
    assert "by another recipe" not in unasked.err, "nothing was asked for that the cache does not have"
    matched = call(
        "build", "celeba", "--source", folder, "--match", "Bald", "--force", "--attributes", "Male", "--json"
    )
    assert matched.json["recipe"]["match"] == ["Bald"]


def test_faces_go_by_the_values_of_their_cache(call: Call, folder: Path) -> None:
    """SET:V,V is read by the factors that the cache has, not by the usual ones; what no face has is said."""
    assert call("build", "celeba", "--source", folder, "--attributes", "Male,Smiling").code == 0
    with datasets.open_cache("celeba") as cache:
        row = cache.find([1, 0])
        image, _ = read_image("celeba:1,0", (64, 64, 3))
        assert (image == cache.images([row])[0]).all()
    with pytest.raises(DatasetInputError, match="followed by the numbers of Male, Smiling"):
        read_image("celeba:1,x", (64, 64, 3))
    with pytest.raises(DatasetInputError, match="expected 2 factor values"):
        read_image("celeba:1,0,0", (64, 64, 3))


def test_a_combination_without_a_face(call: Call, tmp_path: Path) -> None:
    """Not every combination of factor values has an image."""
    faces = random_faces(60)
    faces.present = faces.present & ~(faces.present[:, 1:2] & np.eye(4, dtype=bool)[2])  # no man smiles
    assert (
        call("build", "celeba", "--source", faces.write(tmp_path / "f"), "--attributes", "Male,Smiling").code
        == 0
    )
    with pytest.raises(DatasetInputError, match="does not hold the image 1,1"):
        read_image("celeba:1,1", (64, 64, 3))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("celeba",), "name their folder or archive with --source"),
        (("celeba", "--attributes", "Male,,Bald"), "is not a list of names"),
        (("shapes", "--attributes", "Male"), "leave out --attributes"),
        (("celeba", "--images", 10), "leave out --images"),
    ],
)
def test_refused_arguments(call: Call, arguments: tuple[object, ...], complaint: str) -> None:
    """What cannot be built is said in a sentence, with exit code 2."""
    said = call("build", *arguments)
    assert said.code == 2
    assert complaint in said.err
