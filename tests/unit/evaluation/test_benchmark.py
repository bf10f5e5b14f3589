"""The whole way from labelled files to figures, with models for which a person is a colour."""

import json
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ArrayFilms, decision, finder, picture, save_film, save_picture

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import Cancelled, TruthUnusable
from stash_sense.evaluation.benchmark import Benchmark, LabelledFile, labelled_files, results_of
from stash_sense.evaluation.document import results_document
from stash_sense.evaluation.truth import TrueFile, Truth
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.performers.gallery import Gallery


@pytest.fixture
def recognizer() -> Recognizer:
    return Recognizer("colours", finder(), decision(), ArrayFilms(), PillowReader(Limits()))


@pytest.fixture
def gallery(recognizer: Recognizer, tmp_path: Path) -> Gallery:
    save_picture(tmp_path / "gallery" / "Red" / "a.png", picture((RED, 100, 50, 100)))
    save_picture(tmp_path / "gallery" / "Blue" / "a.png", picture((BLUE, 100, 50, 100)))
    return recognizer.enrol(tmp_path / "gallery", CancelToken()).gallery


@pytest.fixture
def files(tmp_path: Path) -> list[LabelledFile]:
    """Red with a stranger, Blue, somebody the gallery lacks, a damaged film, a file that is not there."""
    save_film(tmp_path / "red.mp4", [picture((RED, 10, 40, 60), (GREEN, 200, 50, 80))] * 3)
    save_picture(tmp_path / "blue.png", picture((BLUE, 100, 50, 100)))
    save_picture(tmp_path / "green.png", picture((GREEN, 100, 50, 100)))
    (tmp_path / "damaged.mp4").write_bytes(b"damaged")
    truth = Truth(
        files=(
            TrueFile(path="red.mp4", persons=("Red",), strangers=1, labels={"length": "a moment"}),
            TrueFile(path="blue.png", persons=("Blue", "Red")),
            TrueFile(path="green.png", persons=("Green",), strangers=0),
            TrueFile(path="damaged.mp4", persons=("Red",)),
            TrueFile(path="missing.mp4", persons=("Red",)),
        )
    )
    return labelled_files(truth, tmp_path / "truth.json", tmp_path)


def test_files_are_measured_one_by_one_and_those_that_fail_are_kept_apart(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    benchmark = Benchmark(recognizer, ArrayFilms())
    chosen = benchmark.choose(files, None, 0, CancelToken())
    assert {record.failure.code for record in chosen.failed if record.failure} == {"video_damaged", "input_missing"}

    records = [*chosen.failed, *benchmark.run(chosen.files, gallery, Request(), CancelToken())]

    results = results_of(records, gallery)
    assert len(results.failed) == 2
    assert results.overall.files == 3
    assert (results.overall.precision.value, results.overall.recall.value) == (1.0, 2 / 3)
    assert (results.overall.counts.strangers, results.overall.counts.strangers_named) == (1, 0)
    assert results.overall.unknown_count_error.value == 0.0
    assert [finding.name for finding in results.people.lacking_references] == ["Green"]
    assert [finding.name for finding in results.people.missed_with_one_reference] == ["Red"]


def test_files_are_grouped_by_what_they_are_like_and_the_users_labels_say_more(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    benchmark = Benchmark(recognizer, ArrayFilms())
    chosen = benchmark.choose(files, None, 0, CancelToken())
    results = results_of(list(benchmark.run(chosen.files, gallery, Request(), CancelToken())), gallery)
    assert {label: set(values) for label, values in results.groups.items()} == {
        "persons": {"1", "2"},
        "resolution": {"under 720 lines"},
        "length": {"a moment"},
        "kind": {"picture"},
    }


def test_a_sample_leaves_files_out_but_not_what_failed(recognizer: Recognizer, files: list[LabelledFile]) -> None:
    chosen = Benchmark(recognizer, ArrayFilms()).choose(files, 2, 0, CancelToken())
    assert (len(chosen.files), len(chosen.failed), chosen.of) == (2, 2, 3)


def test_a_file_that_vanished_meanwhile_does_not_stop_the_rest(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    benchmark = Benchmark(recognizer, ArrayFilms())
    chosen = benchmark.choose(files, None, 0, CancelToken())
    chosen.files[1].path.unlink()
    records = list(benchmark.run(chosen.files, gallery, Request(), CancelToken()))
    codes = {record.file.truth.path: record.failure.code if record.failure else None for record in records}
    assert codes == {"red.mp4": None, "blue.png": "input_missing", "green.png": None}


def test_the_best_alternative_of_an_unknown_person_is_measured_even_if_none_are_wanted(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    (record,) = Benchmark(recognizer, ArrayFilms()).run(files[2:3], gallery, Request(top_k=0), CancelToken())
    assert record.answer is not None
    assert [claim.name is not None for claim in record.answer.claims] == [True]


def test_progress_is_told_and_the_token_stops_the_work_with_what_was_done(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    reports: list[Progress] = []
    cancel = CancelToken()
    benchmark = Benchmark(recognizer, ArrayFilms())
    chosen = benchmark.choose(files, None, 0, cancel, reports.append)
    assert {report.stage for report in reports} == {"looking at the files"}
    answers = benchmark.run(chosen.files, gallery, Request(), cancel, reports.append)
    first = next(answers)
    assert first.answer is not None
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(answers)
    with pytest.raises(Cancelled):
        benchmark.choose(files, None, 0, cancel)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "names no file"),
        (("red.mp4", "./red.mp4"), "twice"),
        (("a.mp4", "b.mp4"), "not one of the files"),
    ],
)
def test_a_truth_that_says_nothing_of_any_file_is_refused(
    files: list[LabelledFile], tmp_path: Path, paths: tuple[str, ...], said: str
) -> None:
    truth = Truth(files=tuple(TrueFile(path=path) for path in paths))
    with pytest.raises(TruthUnusable, match=said):
        labelled_files(truth, tmp_path / "truth.json", tmp_path)


def test_the_document_says_what_was_measured_file_by_file(
    recognizer: Recognizer, gallery: Gallery, files: list[LabelledFile]
) -> None:
    benchmark = Benchmark(recognizer, ArrayFilms())
    chosen = benchmark.choose(files, None, 0, CancelToken())
    records = [*chosen.failed, *benchmark.run(chosen.files, gallery, Request(), CancelToken())]
    document = results_document(results_of(records, gallery))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    by_path = {file["path"]: file for file in document["files"]}
    assert (by_path["red.mp4"]["found"], by_path["red.mp4"]["unknown"]) == (["Red"], 1)
    assert (by_path["blue.png"]["found"], by_path["blue.png"]["missed"]) == (["Blue"], ["Red"])
    assert by_path["green.png"]["lacking_references"] == ["Green"]
    assert by_path["missing.mp4"]["error"]["code"] == "input_missing"
    assert document["overall"]["recall"]["value"] == 0.6667
    assert document["people"]["lacking_references"] == [{"name": "Green", "references": 0, "files": 1, "found": 0}]
    assert [group["references"] for group in document["by_references"]] == [1]


def test_a_name_too_long_for_any_disk_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TruthUnusable):
        labelled_files(Truth(files=(TrueFile(path="x" * 5000),)), tmp_path / "truth.json", tmp_path)
