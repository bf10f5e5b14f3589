import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, NEARLY_RED, RED, YELLOW, Colour, finder, picture, save_picture

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import Cancelled, GalleryMissing, GalleryWithoutFaces, GalleryWithoutPeople
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.performers.building.enrolment import Enrolment, FolderEnrolment

NAMES = [
    "Zoë Müller-Şahin",
    "Анна Каренина",
    "宮崎あおい",
    "مريم",
    "👩‍🚀 O'Neill",
    'Anna "Ace" Smith',
    "back\\slash",
    "Sammy Davis Jr.",
    "trailing dots...",
    " spaces around ",
    "line\nbreak",
    "<b>{bold} %s",
    "folder:prefix",
    "-rf",
    os.fsdecode(b"caf\xe9"),
]


def portrait(colour: Colour, *, left: int = 110, side: int = 100) -> Image:
    return picture((colour, left, 50, side))


def enrol(folder: Path, *, same_person_distance: float = 0.3) -> Enrolment:
    return enrolment(same_person_distance).enrol(folder, CancelToken())


def enrolment(same_person_distance: float = 0.3) -> FolderEnrolment:
    return FolderEnrolment(PillowReader(Limits()), finder(), "test-pack", same_person_distance)


def names_of(result: Enrolment) -> list[str]:
    return [person.name for person in result.gallery.persons]


def codes_of(result: Enrolment) -> list[tuple[str, str]]:
    return [(note.code, note.person) for note in result.notes]


def cosine(result: Enrolment, row: int, colour: Colour) -> float:
    wanted = np.array(colour, np.float64) - 128
    return float(result.gallery.vectors[row] @ (wanted / np.linalg.norm(wanted)))


def test_each_folder_is_a_person_with_a_vector_for_every_picture(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    save_picture(tmp_path / "Red" / "b.jpg", portrait(RED, side=80))
    save_picture(tmp_path / "Blue" / "a.webp", portrait(BLUE))
    result = enrol(tmp_path)
    assert result.gallery.pack == "test-pack"
    assert [(person.id, person.name) for person in result.gallery.persons] == [
        ("folder:Blue", "Blue"),
        ("folder:Red", "Red"),
    ]
    assert result.gallery.owner.tolist() == [0, 1, 1]
    assert result.notes == ()
    for row, colour in enumerate((BLUE, RED, RED)):
        assert cosine(result, row, colour) > 0.99
    np.testing.assert_allclose(np.linalg.norm(result.gallery.vectors, axis=1), 1.0, atol=1e-5)


def test_of_several_faces_the_largest_is_taken_and_the_user_told(tmp_path: Path) -> None:
    file = save_picture(tmp_path / "Red" / "group.png", picture((BLUE, 20, 20, 40), (RED, 120, 40, 110)))
    result = enrol(tmp_path)
    assert cosine(result, 0, RED) > 0.99
    (note,) = result.notes
    assert (note.code, note.person) == ("several_faces", "Red")
    assert str(file) in note.message
    assert "2 faces" in note.message


def test_of_faces_of_one_size_the_most_central_is_taken(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "group.png", picture((BLUE, 5, 5, 60), (RED, 130, 70, 60), (GREEN, 250, 70, 60)))
    assert cosine(enrol(tmp_path), 0, RED) > 0.99


def test_a_face_at_the_edge_that_is_more_than_twice_as_large_wins_over_the_centre(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.png", picture((BLUE, 150, 90, 20), (RED, 0, 0, 60)))
    assert cosine(enrol(tmp_path), 0, RED) > 0.99


def test_a_picture_without_a_face_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    empty = save_picture(tmp_path / "Red" / "a.png", picture())
    save_picture(tmp_path / "Red" / "b.png", portrait(RED))
    result = enrol(tmp_path)
    assert codes_of(result) == [("no_face", "Red")]
    assert str(empty) in result.notes[0].message
    assert result.gallery.owner.tolist() == [0]


@pytest.mark.parametrize("content", [b"", b"not a picture at all", b"\xff\xd8\xff\xe0 cut short"])
def test_a_bad_picture_is_reported_and_the_rest_goes_on(tmp_path: Path, content: bytes) -> None:
    save_picture(tmp_path / "Red" / "b.png", portrait(RED))
    bad = tmp_path / "Red" / "a.jpg"
    bad.write_bytes(content)
    result = enrol(tmp_path)
    assert codes_of(result) == [("bad_picture", "Red")]
    assert str(bad) in result.notes[0].message
    assert names_of(result) == ["Red"]


def test_a_person_without_any_picture_of_use_is_not_enrolled_and_reported(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    save_picture(tmp_path / "Nobody" / "a.png", picture())
    (tmp_path / "Broken").mkdir()
    (tmp_path / "Broken" / "a.png").write_bytes(b"x")
    result = enrol(tmp_path)
    assert names_of(result) == ["Red"]
    assert sorted(codes_of(result)) == [
        ("bad_picture", "Broken"),
        ("no_face", "Nobody"),
        ("no_reference", "Broken"),
        ("no_reference", "Nobody"),
    ]


def test_one_picture_under_two_names_is_left_out_of_both_and_reported(tmp_path: Path) -> None:
    first = save_picture(tmp_path / "Red" / "shared.png", portrait(RED))
    save_picture(tmp_path / "Red" / "own.png", portrait(RED, side=90))
    (tmp_path / "Blue").mkdir()
    second = Path(shutil.copy(first, tmp_path / "Blue" / "other name.png"))
    save_picture(tmp_path / "Blue" / "own.png", portrait(BLUE))
    result = enrol(tmp_path)
    assert result.gallery.owner.tolist() == [0, 1]
    assert cosine(result, 0, BLUE) > 0.99
    assert cosine(result, 1, RED) > 0.99
    assert [code for code, _ in codes_of(result)] == ["same_picture"]
    assert all(str(first) in note.message and str(second) in note.message for note in result.notes)


def test_who_has_only_a_picture_of_two_names_is_nobody(tmp_path: Path) -> None:
    first = save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    (tmp_path / "Also red").mkdir()
    shutil.copy(first, tmp_path / "Also red")
    save_picture(tmp_path / "Blue" / "a.png", portrait(BLUE))
    result = enrol(tmp_path)
    assert names_of(result) == ["Blue"]
    assert ("no_reference", "Red") in codes_of(result)
    assert ("no_reference", "Also red") in codes_of(result)


def test_a_second_copy_of_a_picture_of_one_person_counts_once(tmp_path: Path) -> None:
    first = save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    shutil.copy(first, tmp_path / "Red" / "copy of a.png")
    (tmp_path / "Red" / "more").mkdir()
    shutil.copy(first, tmp_path / "Red" / "more" / "a.png")
    result = enrol(tmp_path)
    assert result.gallery.owner.tolist() == [0]
    assert result.notes == ()


def test_a_reference_that_looks_like_somebody_else_is_reported_from_both_sides(tmp_path: Path) -> None:
    red = save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    nearly = save_picture(tmp_path / "Rouge" / "a.png", portrait(NEARLY_RED))
    save_picture(tmp_path / "Blue" / "a.png", portrait(BLUE))
    result = enrol(tmp_path)
    assert codes_of(result) == [("looks_like_another", "Red"), ("looks_like_another", "Rouge")]
    for note in result.notes:
        assert str(red) in note.message
        assert str(nearly) in note.message
    assert names_of(result) == ["Blue", "Red", "Rouge"]  # a warning only
    assert codes_of(enrol(tmp_path, same_person_distance=0.01)) == []


def test_a_wrong_picture_among_right_ones_is_the_one_reported(tmp_path: Path) -> None:
    for number in range(3):
        save_picture(tmp_path / "Red" / f"{number}.png", portrait(RED, side=70 + number))
        save_picture(tmp_path / "Blue" / f"{number}.png", portrait(BLUE, side=70 + number))
    wrong = save_picture(tmp_path / "Blue" / "wrong.png", portrait(NEARLY_RED))
    (note,) = enrol(tmp_path).notes
    assert (note.code, note.person) == ("looks_like_another", "Blue")
    assert str(wrong) in note.message


def test_hidden_files_and_files_that_are_no_pictures_are_passed_over(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.PNG", portrait(RED))
    save_picture(tmp_path / "Red" / ".hidden.png", portrait(BLUE))
    save_picture(tmp_path / "Red" / ".thumbnails" / "a.png", portrait(BLUE))
    save_picture(tmp_path / ".trash" / "a.png", portrait(BLUE))
    save_picture(tmp_path / "loose.png", portrait(GREEN))
    for name in ("notes.txt", "film.mp4", "Thumbs.db", "png"):
        (tmp_path / "Red" / name).write_bytes(b"whatever")
    result = enrol(tmp_path)
    assert names_of(result) == ["Red"]
    assert result.notes == ()


def test_pictures_in_nested_folders_are_of_the_person_of_the_outermost(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "2024" / "summer" / "a.png", portrait(RED))
    save_picture(tmp_path / "Red" / "a.png", portrait(RED, side=90))
    result = enrol(tmp_path)
    assert names_of(result) == ["Red"]
    assert result.gallery.owner.tolist() == [0, 0]


def test_a_link_to_a_persons_folder_is_followed(tmp_path: Path) -> None:
    save_picture(tmp_path / "elsewhere" / "a.png", portrait(RED))
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "Red").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert names_of(enrol(tmp_path / "gallery")) == ["Red"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_the_folder_has_it(tmp_path: Path, name: str) -> None:
    try:
        save_picture(tmp_path / name / "a.png", portrait(RED))
    except (OSError, UnicodeEncodeError) as error:
        pytest.skip(f"this file system has no such name: {error}")
    save_picture(tmp_path / name / "group.png", picture((RED, 20, 40, 90), (GREEN, 200, 60, 50)))
    save_picture(tmp_path / name / "wall.png", picture())
    save_picture(tmp_path / "Blue" / "a.png", portrait(BLUE))
    result = enrol(tmp_path)
    assert name in names_of(result)
    assert sorted(codes_of(result)) == [("no_face", name), ("several_faces", name)]


def test_names_that_differ_in_case_or_composition_only_are_different_people(tmp_path: Path) -> None:
    names = ["anna", "Anna", "Zo\u00eb", "Zoe\u0308"]
    for name, colour in zip(names, (RED, GREEN, BLUE, YELLOW), strict=True):
        save_picture(tmp_path / name / "a.png", portrait(colour))
    if len(list(tmp_path.iterdir())) < len(names):
        pytest.skip("this file system does not tell such names apart")
    assert sorted(names_of(enrol(tmp_path))) == sorted(names)


def test_a_missing_gallery_is_an_error_that_says_so(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", save_picture(tmp_path / "a.png", portrait(RED))):
        with pytest.raises(GalleryMissing) as caught:
            enrol(path)
        assert str(path) in str(caught.value)


def test_a_gallery_without_a_folder_of_pictures_is_an_error_that_says_so(tmp_path: Path) -> None:
    save_picture(tmp_path / "loose.png", portrait(RED))
    (tmp_path / "Red").mkdir()
    (tmp_path / "Red" / "notes.txt").write_text("none")
    with pytest.raises(GalleryWithoutPeople, match="each person needs one"):
        enrol(tmp_path)


def test_a_gallery_without_any_face_is_an_error_that_says_so(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.png", picture())
    with pytest.raises(GalleryWithoutFaces, match=r"No picture of .* could be used.* shows no face"):
        enrol(tmp_path)


def test_enrolling_stops_when_asked(tmp_path: Path) -> None:
    for number in range(5):
        save_picture(tmp_path / "Red" / f"{number}.png", portrait(RED, side=60 + number))
    cancel = CancelToken()
    reports: list[Progress] = []

    def stop_at_the_third(report: Progress) -> None:
        reports.append(report)
        if report.done == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        enrolment().enrol(tmp_path, cancel, stop_at_the_third)
    assert len(reports) == 3


def test_progress_counts_the_pictures_and_names_the_person(tmp_path: Path) -> None:
    save_picture(tmp_path / "Blue" / "a.png", portrait(BLUE))
    save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    (tmp_path / "Red" / "b.png").write_bytes(b"broken")
    reports: list[Progress] = []
    enrolment().enrol(tmp_path, CancelToken(), reports.append)
    assert [(report.done, report.total, report.note) for report in reports] == [
        (0, 3, "Blue"),
        (1, 3, "Red"),
        (2, 3, "Red"),
        (3, 3, ""),
    ]


def test_a_folder_without_a_picture_of_a_known_kind_is_reported(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "a.png", portrait(RED))
    (tmp_path / "Blue").mkdir()
    (tmp_path / "Blue" / "a.heic").write_bytes(b"not a kind that can be read")
    (note,) = enrol(tmp_path).notes
    assert (note.code, note.person) == ("no_reference", "Blue")
    assert "JPEG" in note.message
