"""`stash-sense identify`, from the shell to its output."""

import os
import shutil
import signal
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from PIL import Image
from tests.e2e.conftest import COMMAND, PATIENCE, Run

from stash_sense.samples import PEOPLE, STRANGER

OBAMA = PEOPLE / "Barack Obama" / "portrait.jpg"


def test_a_film_gives_its_people_with_the_times_they_are_seen_at(run: Run, film: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"

    ran = run("identify", film, "--gallery", PEOPLE, "--json", "--report", report)

    assert ran.code == 0
    (result,) = ran.document["results"]
    people = {person["name"]: person for person in result["persons"]}
    assert set(people) == {"Barack Obama", "Joe Biden", "Eileen Collins"}
    assert all(person["probability"] >= 0.5 for person in people.values())
    assert len(result["unknown"]) == 1
    # By the film's shots: Obama from 2 s to 6 s and from 16.5 s to 20.5 s, Collins only from 6 s to 11 s.
    obama = [frame["t"] for frame in people["Barack Obama"]["frames"]]
    collins = [frame["t"] for frame in people["Eileen Collins"]["frames"]]
    assert all(2.0 <= t <= 6.0 or 16.5 <= t <= 20.5 for t in obama)
    assert all(6.0 <= t <= 11.0 for t in collins)
    assert "Eileen Collins" in report.read_text()


def test_without_json_a_table_is_printed_and_progress_stays_off_stdout(run: Run) -> None:
    ran = run("identify", OBAMA, STRANGER, "--gallery", PEOPLE)

    assert ran.code == 0
    assert "Barack Obama" in ran.out
    assert "unknown person 1" in ran.out
    assert "2 files, 1 with known people, 0 failed" in ran.out
    assert "enrolling" in ran.err
    assert "enrolling" not in ran.out


@pytest.mark.parametrize("mode", ["template", "clustered_frequency"])
def test_both_modes_name_a_still_picture_which_has_no_time(run: Run, mode: str) -> None:
    ran = run("identify", OBAMA, "--gallery", PEOPLE, "--json", "--mode", mode)

    (result,) = ran.document["results"]
    assert result["mode"] == mode
    assert [person["name"] for person in result["persons"]] == ["Barack Obama"]
    assert [frame["t"] for frame in result["persons"][0]["frames"]] == [None]


def test_bad_files_say_why_and_the_rest_of_the_batch_goes_on(run: Run, tmp_path: Path, film: Path) -> None:
    batch = tmp_path / "batch"
    batch.mkdir()
    cases = {
        "missing.mp4": "input_missing",
        "empty.mp4": "input_empty",
        "letter.mp4": "input_not_media",
        "list.m3u8": "input_is_playlist",
        "cut.jpg": "picture_damaged",
        "vast.png": "picture_too_large",
        "nothing": "input_without_media",
    }
    (batch / "empty.mp4").touch()
    (batch / "letter.mp4").write_text("Dear reader, this is no film.\n" * 50)
    (batch / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:10,\n{film}\n")
    (batch / "cut.jpg").write_bytes(OBAMA.read_bytes()[:9000])
    (batch / "vast.png").write_bytes(_png_that_claims(60_000, 60_000))
    (batch / "nothing").mkdir()

    ran = run("identify", *(batch / name for name in cases), OBAMA, "--gallery", PEOPLE, "--json")

    assert ran.code == 1
    *bad, good = ran.document["results"]
    assert {Path(result["source"]).name: result["error"]["code"] for result in bad} == cases
    assert all(result["source"] in result["error"]["message"] for result in bad)
    assert [person["name"] for person in good["persons"]] == ["Barack Obama"]
    assert "Traceback" not in ran.err


def test_a_folder_of_pictures_gives_one_result_for_each(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    for name in ("b.jpg", "a.jpg"):
        shutil.copy(OBAMA, folder / name)
    (folder / "notes.txt").write_text("not a picture")

    ran = run("identify", folder, "--gallery", PEOPLE, "--json")

    assert [Path(result["source"]).name for result in ran.document["results"]] == ["a.jpg", "b.jpg"]


def test_names_in_any_script_come_back_unchanged(run: Run, people: Path) -> None:
    name = "Барак 'O' \"Bama\" [bold] 奥巴马\\ <b>"
    (people / "Barack Obama").rename(people / name)

    ran = run("identify", OBAMA, "--gallery", people, "--json")

    assert ran.document["results"][0]["persons"][0]["name"] == name
    assert name in run("identify", OBAMA, "--gallery", people).out


def test_the_same_picture_under_two_names_is_reported_and_names_nobody(run: Run, people: Path) -> None:
    (people / "Somebody Else").mkdir()
    shutil.copy(people / "Barack Obama" / "portrait.jpg", people / "Somebody Else" / "copy.jpg")

    ran = run("identify", OBAMA, "--gallery", people, "--json")

    assert ran.code == 0
    assert ran.document["results"][0]["persons"] == []
    assert "same picture under different names" in ran.err


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is not a folder"),
        (lambda path: path.mkdir(), "holds no folder with pictures"),
        (lambda path: _faceless(path), "could be used"),
    ],
)
def test_a_gallery_that_cannot_be_used_is_one_clear_sentence(run: Run, tmp_path: Path, make, said: str) -> None:  # type: ignore[no-untyped-def]
    gallery = tmp_path / "gallery"
    make(gallery)

    ran = run("identify", OBAMA, "--gallery", gallery, "--json")

    assert ran.code == 1
    assert set(ran.document) == {"schema", "error"}
    assert said in ran.document["error"]["message"]
    last = ran.err.strip().splitlines()[-1]
    assert said in last
    assert str(gallery) in last


def test_an_unknown_mode_or_pack_says_what_there_is(run: Run) -> None:
    ran = run("identify", OBAMA, "--gallery", PEOPLE, "--mode", "magic")
    assert ran.code == 2
    assert "template and clustered_frequency" in ran.err
    assert "enrolling" not in ran.err
    ran = run("identify", OBAMA, "--gallery", PEOPLE, "--pack", "magic")
    assert ran.code == 1
    assert "models list" in ran.err


def test_a_report_never_takes_the_place_of_another_file(run: Run, tmp_path: Path) -> None:
    photograph = tmp_path / "holiday.jpg"
    shutil.copy(OBAMA, photograph)
    link = tmp_path / "link.html"
    link.symlink_to(photograph)

    for target in (photograph, link, tmp_path, tmp_path / "no such folder" / "report.html", Path("/dev/null")):
        ran = run("identify", photograph, "--gallery", PEOPLE, "--report", target)
        assert ran.code == 2
        assert "--report" in ran.err
        assert "enrolling" not in ran.err

    assert photograph.read_bytes() == OBAMA.read_bytes()
    assert Path("/dev/null").is_char_device()


def test_a_report_takes_the_place_of_an_older_report(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    for picture, name in ((STRANGER, "portrait.jpg"), (OBAMA, "Barack Obama")):
        assert run("identify", picture, "--gallery", PEOPLE, "--report", report).code == 0
        assert name in report.read_text()


def test_a_full_disk_for_the_output_is_one_clear_sentence(environment: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, "identify", OBAMA, "--gallery", PEOPLE, "--json"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 1
    assert b"is full" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_output_without_letters_beyond_ascii_is_no_obstacle(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [COMMAND, "identify", OBAMA, "--gallery", PEOPLE],
        env={**environment, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert b"Barack Obama" in done.stdout


def test_an_escape_sequence_in_an_argument_does_not_reach_the_terminal(run: Run) -> None:
    ran = run("identify", OBAMA, "--gallery", "\x1b]0;title\x07")
    assert ran.code == 1
    assert "\x1b" not in ran.err


def test_somebody_tagged_who_is_not_in_the_gallery_is_pointed_out(run: Run) -> None:
    ran = run("identify", OBAMA, "--gallery", PEOPLE, "--tagged", "Barak Obama", "--tagged", "Joe Biden")
    assert ran.code == 0
    assert '"Barak Obama" names nobody' in ran.err
    assert "Joe Biden" not in ran.err


def test_help_needs_no_valid_settings(environment: dict[str, str]) -> None:
    broken = {**environment, "STASH_SENSE_THREADS": "many"}
    for arguments, code, said in ((["--help"], 0, b""), (["doctor"], 1, b"STASH_SENSE_THREADS cannot be 'many'")):
        done = subprocess.run([COMMAND, *arguments], env=broken, capture_output=True, check=False, timeout=PATIENCE)
        assert done.returncode == code
        assert said in done.stderr


def test_ctrl_c_ends_the_run_with_a_valid_document(environment: dict[str, str], film: Path, tmp_path: Path) -> None:
    many = []
    for number in range(40):
        many.append(tmp_path / f"{number}.mp4")
        os.link(film, many[-1])
    process = subprocess.Popen(
        [COMMAND, "identify", *many, "--gallery", PEOPLE, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        begun = process.stdout.readline() + process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert b"Stopped before it was finished" in errors
    assert b"Traceback" not in errors
    assert (begun + rest).rstrip().endswith(b'"complete": false}')


def _png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def _faceless(gallery: Path) -> None:
    (gallery / "Nobody").mkdir(parents=True)
    Image.new("RGB", (300, 300), (90, 120, 160)).save(gallery / "Nobody" / "sky.png")
