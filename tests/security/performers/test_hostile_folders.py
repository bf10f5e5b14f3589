import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, GREEN, RED, save_picture
from tests.performers_builds import Workshop, codes, kept, portrait

from stash_sense.errors import GalleryLocked, GalleryMissing, GalleryWithoutPeople
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.build import BuildOptions
from stash_sense.performers.building.sources import FolderSource, SourcePerformer


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    for number in range(2):
        save_picture(made.people / "Red" / f"{number}.png", portrait(RED, side=70 + number))
    return made


def test_links_lead_nowhere_they_should_not(workshop: Workshop, tmp_path: Path) -> None:
    save_picture(tmp_path / "elsewhere" / "secret.png", portrait(BLUE))
    (workshop.people / "Red" / "inner").symlink_to(tmp_path / "elsewhere")
    (workshop.people / "all again").symlink_to(workshop.people)
    (workshop.people / "up").symlink_to(tmp_path)
    (workshop.people / "lost").symlink_to(tmp_path / "nowhere")
    (workshop.people / "Red" / "round.png").symlink_to("round.png")
    (workshop.people / "Red" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    report = workshop.build()
    assert kept(report) == {"folder:Red": ["Red/0.png", "Red/1.png"]}
    assert codes(report) == [("bad_picture", "Red"), ("bad_picture", "Red")]


@pytest.mark.parametrize("target", ["round", "other", "n" * 300])
def test_links_that_lead_round_in_a_circle_or_nowhere_end_no_build(workshop: Workshop, target: str) -> None:
    (workshop.people / "round").symlink_to(target)
    (workshop.people / "other").symlink_to("round")
    assert kept(workshop.build()) == {"folder:Red": ["Red/0.png", "Red/1.png"]}


def test_a_source_that_is_a_link_to_itself_is_no_folder(workshop: Workshop, tmp_path: Path) -> None:
    workshop.people = tmp_path / "round"
    workshop.people.symlink_to("round")
    with pytest.raises(GalleryMissing):
        workshop.build(BuildOptions(out=tmp_path / "out"))


def test_what_is_no_file_is_not_waited_for(workshop: Workshop) -> None:
    os.mkfifo(workshop.people / "Red" / "pipe.png")
    (workshop.people / "Red" / "folder.png").mkdir()
    (workshop.people / "Red" / "zero.png").touch()
    (workshop.people / "Red" / "device.png").symlink_to("/dev/zero")
    report = workshop.build()
    assert codes(report) == [("bad_picture", "Red")] * 3
    assert len(kept(report)["folder:Red"]) == 2


@pytest.mark.parametrize(
    "name",
    [
        "x" * 255,
        "\U0001f469\u200d\U0001f680" * 20,
        "a\nb\tc\x7f",
        "up..\u2215..",
        "'; DROP TABLE performers; --",
        os.fsdecode(b"\xff\xfe caf\xe9"),
        "%2e%2e",
        "\u202egnp.exe",
    ],
)
def test_any_name_of_a_folder_or_picture_can_be_stored(workshop: Workshop, name: str) -> None:
    try:
        save_picture(workshop.people / name / "a.png", portrait(GREEN))
        save_picture(workshop.people / name / f"{name[:200]}.png", portrait(GREEN, side=60))
    except (OSError, UnicodeEncodeError) as error:
        pytest.skip(f"this file system has no such name: {error}")
    first, second = workshop.build(), workshop.build()
    assert first.manifest.performer_count == 2
    assert (second.unchanged, second.described) == (True, 0)
    assert codes(first) == []


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Work in a folder as a user to whom files can be locked: to root none are."""
    kernel = ctypes.CDLL(None)
    if os.geteuid() == 0 and not hasattr(kernel, "setfsuid"):
        pytest.skip("nothing is locked to this user")
    folder.chmod(0o755)
    with contextlib.chdir(folder):
        before = kernel.setfsuid(65534) if os.geteuid() == 0 else None
        try:
            yield
        finally:
            if before is not None:
                kernel.setfsuid(before)


def listed(folder: Path) -> list[SourcePerformer]:
    people = FolderSource(folder).performers(CancelToken())
    return [replace(one, pictures=iter(list(one.pictures))) for one in people]


@pytest.mark.parametrize(
    ("locked", "mode"),
    [("people", 0), ("people/Red", 0), ("people/Red", 0o111), ("people/Red", 0o666), ("people/Red/inner", 0)],
)
def test_a_folder_that_is_locked_ends_a_build_so_that_nobody_is_lost(
    workshop: Workshop, tmp_path: Path, locked: str, mode: int
) -> None:
    save_picture(workshop.people / "Red" / "inner" / "a.png", portrait(RED, side=50))
    Path(tmp_path, locked).chmod(mode)
    with as_nobody(tmp_path), pytest.raises(GalleryLocked) as raised:
        listed(Path("people"))
    Path(tmp_path, locked).chmod(0o755)
    assert str(raised.value).startswith(f"{locked} cannot be read (Permission denied)")


def test_a_description_that_is_locked_is_said_in_one_true_sentence(workshop: Workshop, tmp_path: Path) -> None:
    said = workshop.people / "Red" / "performer.json"
    said.write_text("{}")
    said.chmod(0)
    with as_nobody(tmp_path):
        ((fault,),) = [one.faults for one in listed(Path("people"))]
    assert fault == (
        "people/Red/performer.json is not used (it cannot be read: Permission denied); mend or remove it. "
        "This person is folder:Red."
    )


def test_a_picture_that_changes_while_it_is_read_is_tried_again(workshop: Workshop) -> None:
    path = workshop.people / "Red" / "0.png"
    reader = workshop.reader

    class Changing(type(reader)):  # type: ignore[misc]
        def read(self, read: Path) -> object:
            frame = super().read(read)
            if read == path:
                path.write_bytes(path.read_bytes())
                os.utime(path, (1, 1))
            return frame

    workshop.reader = Changing()
    report = workshop.build()
    assert codes(report) == [("bad_picture", "Red")]
    assert "changed while it was read" in report.notes[0].message
    workshop.reader = reader
    assert codes(workshop.build()) == []


def test_a_folder_of_nothing_is_no_source(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    (workshop.people / "a").mkdir()
    (workshop.people / "loose.png").touch()
    with pytest.raises(GalleryWithoutPeople):
        workshop.build()
