"""Who is in which file, by the folders it lies in."""

from pathlib import Path

import pytest

from stash_sense.errors import InputMissing, InputWithoutMedia
from stash_sense.evaluation.folders import truth_of_folders


def put(folder: Path, *paths: str, content: bytes = b"film") -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def persons(folder: Path, *known: str) -> dict[str, tuple[str, ...]]:
    return {file.path: file.persons for file in truth_of_folders(folder, known).files}


def test_a_file_shows_the_person_whose_folder_it_lies_in(tmp_path: Path) -> None:
    put(tmp_path, "Ada/1.mp4", "Ada/2.jpg", "Grace/3.MKV")
    assert persons(tmp_path) == {"Ada/1.mp4": ("Ada",), "Ada/2.jpg": ("Ada",), "Grace/3.MKV": ("Grace",)}


def test_nobody_counted_the_strangers(tmp_path: Path) -> None:
    put(tmp_path, "Ada/1.mp4")
    (file,) = truth_of_folders(tmp_path, ()).files
    assert file.strangers is None


def test_the_same_file_in_two_folders_shows_both_people(tmp_path: Path) -> None:
    put(tmp_path, "Ada/1.mp4", "Grace/1.mp4")
    assert persons(tmp_path) == {"Ada/1.mp4": ("Ada", "Grace")}


def test_files_of_the_same_name_that_differ_in_size_are_two_files(tmp_path: Path) -> None:
    put(tmp_path, "Ada/1.mp4")
    put(tmp_path, "Grace/1.mp4", content=b"another film")
    assert persons(tmp_path) == {"Ada/1.mp4": ("Ada",), "Grace/1.mp4": ("Grace",)}


@pytest.mark.parametrize("name", ["Ada & Grace", "Ada, Grace"])
def test_a_folder_can_be_named_after_several_people(tmp_path: Path, name: str) -> None:
    put(tmp_path, f"{name}/1.mp4", "Ada/1.mp4")
    assert persons(tmp_path, "Ada", "Grace") == {"Ada/1.mp4": ("Ada", "Grace")}


def test_a_name_of_the_gallery_is_never_taken_apart(tmp_path: Path) -> None:
    put(tmp_path, "Penn & Teller/1.mp4", "R&B/2.mp4", "Smith,John/3.mp4")
    assert persons(tmp_path, "Penn & Teller") == {
        "Penn & Teller/1.mp4": ("Penn & Teller",),
        "R&B/2.mp4": ("R&B",),
        "Smith,John/3.mp4": ("Smith,John",),
    }


def test_other_files_hidden_ones_and_those_lying_deeper_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "Ada/1.mp4", "Ada/notes.txt", "Ada/.2.mp4", "Ada/more/3.mp4", "4.mp4", ".trash/5.mp4")
    assert persons(tmp_path) == {"Ada/1.mp4": ("Ada",)}


def test_a_folder_without_files_of_anybody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        truth_of_folders(tmp_path / "nowhere", ())
    put(tmp_path, "1.mp4", "Ada/notes.txt")
    with pytest.raises(InputWithoutMedia):
        truth_of_folders(tmp_path, ())
