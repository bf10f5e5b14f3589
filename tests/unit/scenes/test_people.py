from pathlib import Path

import pytest

from stash_sense.errors import FacesMissing
from stash_sense.scenes.people import Person, cast_of, half_of, may_act, read_people, split_photos, write_gallery


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    for name in (f"Person {n}/{photo}.jpg" for n in range(40) for photo in range(1 + n % 5)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    for n in range(40):
        (tmp_path / f"Loose_{n:02}.jpg").write_bytes(b"x")
    return tmp_path


def numbered(count: int) -> list[Path]:
    return [Path(f"{n}.jpg") for n in range(count)]


def test_a_folder_is_a_person_and_a_loose_picture_is_one_too(tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()
    for name in ("Ada/1.jpg", "Ada/2.PNG", "Ada/notes.txt", "Eve_0001.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert read_people([tmp_path]) == (
        Person("Ada", (tmp_path / "Ada/1.jpg", tmp_path / "Ada/2.PNG")),
        Person("Eve_0001", (tmp_path / "Eve_0001.jpg",)),
    )


def test_a_loose_picture_of_somebody_with_a_folder_makes_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "faces/Ada_Lovelace").mkdir(parents=True)
    (tmp_path / "strangers").mkdir()
    for name in ("faces/Ada_Lovelace/1.jpg", "faces/Ada_Lovelace/2.jpg", "strangers/Ada_Lovelace_0003.jpg"):
        (tmp_path / name).touch()
    found = read_people([tmp_path / "strangers", tmp_path / "faces"])
    assert [(person.name, len(person.photos)) for person in found] == [("Ada_Lovelace", 2)]


def test_people_with_wrong_photographs_are_left_out_loose_ones_too(tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()
    for name in ("Ada/1.jpg", "Ada/2.jpg", "Eve_0001.jpg", "Bob_0001.jpg"):
        (tmp_path / name).touch()
    assert [person.name for person in read_people([tmp_path], {"Ada", "Eve"})] == ["Bob_0001"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesMissing):
        read_people([tmp_path])
    with pytest.raises(FacesMissing):
        read_people([tmp_path / "away"])


def test_the_halves_never_mix(faces: Path) -> None:
    casts = [cast_of(read_people([faces]), half) for half in (0, 1)]
    names = [{one.name for one in (*cast.people, *cast.strangers, *cast.distractors)} for cast in casts]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 80
    assert all(half_of(name) == half for half in (0, 1) for name in names[half])


def test_strangers_who_act_stand_in_no_gallery(faces: Path) -> None:
    cast = cast_of(read_people([faces]), 0)
    acting, standing = ({one.name for one in group} for group in (cast.strangers, cast.distractors))
    assert acting
    assert standing
    assert not acting & standing
    assert 0.5 < sum(may_act(f"Somebody {n}") for n in range(1000)) / 1000 < 0.7


@pytest.mark.parametrize(("count", "for_scenes"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 2)])
def test_every_photograph_is_a_reference_or_for_scenes(count: int, for_scenes: int) -> None:
    photos = numbered(count)
    references, scenes = split_photos(photos)
    assert len(scenes) == for_scenes
    assert sorted((*references, *scenes)) == photos


def test_which_photographs_are_for_scenes_does_not_depend_on_their_order() -> None:
    photos = numbered(6)
    assert set(split_photos(photos)[1]) == set(split_photos(photos[::-1])[1])


def test_a_gallery_holds_references_and_distractors_but_no_photograph_of_a_scene(faces: Path, tmp_path: Path) -> None:
    cast = cast_of(read_people([faces]), 1)
    gallery = tmp_path / "gallery"
    write_gallery(cast.people, gallery, cast.distractors, most=2)
    shown = {person.name: split_photos(person.photos) for person in cast.people}
    for name, (references, for_scenes) in shown.items():
        written = {path.name for path in (gallery / name).iterdir()}
        assert written == {path.name for path in references[:2]}
        assert not written & {path.name for path in for_scenes}
    assert {path.name for path in gallery.iterdir()} == {*shown, *(one.name for one in cast.distractors)}
