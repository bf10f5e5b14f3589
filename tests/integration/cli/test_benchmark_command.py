"""`stash-sense benchmark` as a user types it, with the pack `lite` on the sample film."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from stash_sense.cli.app import app
from stash_sense.errors import Cancelled, GalleryMissing, InputMissing, InputWithoutMedia, TruthUnusable
from stash_sense.evaluation.truth import TrueFile, Truth, write_truth
from stash_sense.kernel.cancel import CancelToken
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.samples.film import make_film
from stash_sense.settings import load_settings

CAST = ("Barack Obama", "Eileen Collins", "Joe Biden")
OBAMA = PEOPLE / "Barack Obama" / "portrait.jpg"

Run = Callable[..., typer.testing.Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `stash-sense benchmark` with these words."""
    environment = {
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(load_settings().models_dir),
        "STASH_SENSE_DEVICE": "cpu",
        "COLUMNS": "100",
        "TERM": "dumb",
    }

    def run(*words: str | Path, cancel: CancelToken | None = None) -> typer.testing.Result:
        arguments = ["benchmark", *map(str, words)]
        return typer.testing.CliRunner().invoke(app, arguments, obj=cancel or CancelToken(), env=environment)

    return run


@pytest.fixture
def lite() -> None:
    if not (load_settings().models_dir / "lite" / "pack.json").is_file():
        if os.environ.get("CI"):
            pytest.fail("the pack lite is not installed: without it hardly anything real is tested")
        pytest.skip("the pack lite is not installed: `stash-sense models install lite`")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_film(path)
    return path


@pytest.fixture
def library(tmp_path: Path, film: Path) -> Path:
    """The sample film, a portrait, a stranger, and the truth about them and a file that is not there."""
    folder = tmp_path / "library"
    folder.mkdir()
    shutil.copy(film, folder / "film.mp4")
    shutil.copy(OBAMA, folder / "obama.jpg")
    shutil.copy(STRANGER, folder / "stranger.jpg")
    files = (
        TrueFile(path="film.mp4", persons=CAST, strangers=1, labels={"source": "demo"}),
        TrueFile(path="obama.jpg", persons=("Barack Obama", "Ada Lovelace")),
        TrueFile(path="stranger.jpg", strangers=1),
    )
    write_truth(folder / "truth.json", Truth(files=files))
    return folder


def document(result: typer.testing.Result) -> Any:
    return json.loads(result.stdout)


@pytest.mark.usefixtures("lite")
def test_a_labelled_film_is_measured(run: Run, library: Path) -> None:
    result = run("--truth", library / "truth.json", "--gallery", PEOPLE, "--json")

    assert result.exit_code == 0, result.output
    measured = document(result)
    assert (measured["schema"], measured["pack"], measured["complete"]) == (1, "lite", True)
    assert measured["gallery"] == {"people": 3, "references": 3}
    overall = measured["overall"]
    assert (overall["precision"]["value"], overall["recall"]["value"]) == (1.0, 1.0)
    assert (overall["counts"]["strangers"], overall["counts"]["strangers_named"]) == (1, 0)
    assert overall["calibration_error"]["value"] < 0.2
    assert {group["label"] for group in measured["groups"]} == {"persons", "resolution", "length", "kind", "source"}
    assert [person["name"] for person in measured["people"]["lacking_references"]] == ["Ada Lovelace"]
    (scene,) = (file for file in measured["files"] if file["path"] == "film.mp4")
    assert (scene["found"], scene["unknown"], scene["strangers"]) == (sorted(CAST), 1, 1)


@pytest.mark.usefixtures("lite")
def test_without_json_tables_are_printed(run: Run, library: Path) -> None:
    result = run("--truth", library / "truth.json", "--gallery", PEOPLE, "--frames", "20", "--seed", "1")

    assert result.exit_code == 0, result.output
    for said in ("precision", "4 of 4 known people found", "0 of 1 stranger", "source: demo", "Ada Lovelace"):
        assert said in result.stdout
    assert "enrolling" not in result.stdout


@pytest.mark.usefixtures("lite")
def test_files_that_are_not_there_are_listed_and_the_rest_is_measured(run: Run, library: Path) -> None:
    (library / "film.mp4").write_bytes(b"This is no film.")
    (library / "obama.jpg").unlink()
    told = run("--truth", library / "truth.json", "--gallery", PEOPLE)
    assert told.exit_code == 1
    assert "2 files failed" in told.stdout
    assert "does not exist" in told.stdout

    result = run("--truth", library / "truth.json", "--gallery", PEOPLE, "--json")
    assert result.exit_code == 1
    errors = {file["path"]: file["error"] and file["error"]["code"] for file in document(result)["files"]}
    assert errors == {"film.mp4": "input_not_media", "obama.jpg": "input_missing", "stranger.jpg": None}


@pytest.mark.usefixtures("lite")
def test_the_files_may_lie_elsewhere_than_the_truth(run: Run, library: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    (library / "truth.json").rename(truth)

    result = run("--truth", truth, "--videos", library, "--gallery", PEOPLE, "--sample", "1", "--json")

    assert result.exit_code == 0, result.output
    assert document(result)["sample"] == {"measured": 1, "of": 3}


@pytest.mark.usefixtures("lite")
def test_without_a_truth_folders_say_who_is_in_a_file(run: Run, tmp_path: Path) -> None:
    for folder, picture in (("Barack Obama", OBAMA), ("Joe Biden & Ada Lovelace", STRANGER)):
        (tmp_path / "videos" / folder).mkdir(parents=True)
        shutil.copy(picture, tmp_path / "videos" / folder / f"{folder[:3]}.jpg")

    result = run("--videos", tmp_path / "videos", "--gallery", PEOPLE, "--sample", "all", "--json")

    assert result.exit_code == 0, result.output
    measured = document(result)
    assert measured["overall"]["recall"]["value"] == 0.5
    assert measured["overall"]["unknown_count_error"]["value"] is None
    assert [person["name"] for person in measured["people"]["lacking_references"]] == ["Ada Lovelace"]
    assert [person["name"] for person in measured["people"]["never_found"]] == ["Joe Biden"]


class StopsAt(CancelToken):
    """A token that is set when it is looked at for the given time."""

    def __init__(self, time: int) -> None:
        super().__init__()
        self.looked = 0
        self._time = time

    def raise_if_cancelled(self) -> None:
        self.looked += 1
        if self.looked == self._time:
            self.cancel()
        super().raise_if_cancelled()


@pytest.mark.usefixtures("lite")
def test_an_interruption_gives_the_figures_of_what_was_done(run: Run, library: Path) -> None:
    shutil.copy(STRANGER, library / "film.mp4")  # pictures only: how often a video looks is up to its threads
    words = ("--truth", library / "truth.json", "--gallery", PEOPLE, "--json")
    never = StopsAt(-1)
    assert run(*words, cancel=never).exit_code == 0

    result = run(*words, cancel=StopsAt(never.looked))

    assert isinstance(result.exception, Cancelled)
    measured = document(result)
    assert not measured["complete"]
    assert measured["overall"]["files"] == 2


def test_without_truth_and_videos_it_says_what_is_missing(run: Run) -> None:
    result = run("--gallery", PEOPLE)
    assert result.exit_code == 2
    assert "--truth" in result.stderr
    assert "--videos" in result.stderr


@pytest.mark.parametrize("sample", ["0", "-1", "many", "1.5", "\u00b2"])
def test_a_sample_is_a_number_or_all(run: Run, sample: str) -> None:
    result = run("--gallery", PEOPLE, "--truth", "truth.json", "--sample", sample)
    assert result.exit_code == 2
    assert "all" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "JSON"),
        ('{"schema": 1, "files": []}', "names no file"),
        ('{"schema": 1, "files": [{"path": "nowhere.mp4"}]}', "not one of the files it names is there"),
        ('{"schema": 1, "files": [{"path": "a.mp4", "person": []}]}', "files.0.person"),
    ],
)
def test_a_truth_that_cannot_be_used_says_why(run: Run, tmp_path: Path, content: str | None, said: str) -> None:
    truth = tmp_path / "truth.json"
    if content is not None:
        truth.write_text(content)
    result = run("--truth", truth, "--gallery", PEOPLE)
    assert isinstance(result.exception, TruthUnusable)
    assert said in str(result.exception)


def test_folders_that_say_nothing_are_refused(run: Run, tmp_path: Path) -> None:
    assert isinstance(run("--videos", tmp_path / "nowhere", "--gallery", PEOPLE).exception, InputMissing)
    assert isinstance(run("--videos", tmp_path, "--gallery", PEOPLE).exception, InputWithoutMedia)


@pytest.mark.usefixtures("lite")
def test_a_gallery_that_is_not_there_is_refused(run: Run, library: Path, tmp_path: Path) -> None:
    result = run("--truth", library / "truth.json", "--gallery", tmp_path / "nowhere")
    assert isinstance(result.exception, GalleryMissing)
