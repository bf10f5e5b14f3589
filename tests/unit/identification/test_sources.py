import os
import stat
from pathlib import Path

import pytest
from tests.fakes_faces import RED, picture, save_picture

from stash_sense.errors import InputEmpty, InputIsPlaylist, InputMissing, InputUnreadable, InputWithoutMedia
from stash_sense.identification.sources import expand, kind_of_file
from stash_sense.media.kinds import Kind


def put(folder: Path, *names: str) -> list[Path]:
    files = [folder / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return files


def test_files_are_given_in_the_order_they_are_named(tmp_path: Path) -> None:
    files = put(tmp_path, "b.mp4", "a.jpg", "c.txt")
    assert list(expand(files)) == files


def test_a_folder_gives_the_media_below_it_sorted_its_own_first(tmp_path: Path) -> None:
    put(
        tmp_path, "z.mp4", "B.JPG", "a.png", "sub/2.mkv", "sub/1.webp", "another/deep/down/x.ts", "notes.txt", "x.srt"
    )
    found = [str(file.relative_to(tmp_path)) for file in expand([tmp_path])]
    assert found == ["B.JPG", "a.png", "z.mp4", "another/deep/down/x.ts", "sub/1.webp", "sub/2.mkv"]


def test_hidden_files_and_folders_are_passed_over_but_not_when_named(tmp_path: Path) -> None:
    hidden, inside = put(tmp_path, ".a.mp4", ".trash/b.mp4")
    (shown,) = put(tmp_path, "c.mp4")
    assert list(expand([tmp_path])) == [shown]
    assert list(expand([hidden, inside])) == [hidden, inside]
    assert list(expand([tmp_path / ".trash"])) == [inside]


def test_every_file_is_given_once_however_often_it_is_named(tmp_path: Path) -> None:
    first, second = put(tmp_path, "a/1.mp4", "a/2.mp4")
    assert list(expand([second, tmp_path, second, tmp_path / "a", first])) == [second, first]


def test_a_file_named_from_here_and_from_the_root_is_given_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = put(tmp_path, "a.mp4")
    monkeypatch.chdir(tmp_path)
    assert list(expand([Path("a.mp4"), file, Path(), tmp_path])) == [Path("a.mp4")]


def test_a_folder_without_media_and_a_missing_file_are_given_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    put(tmp_path, "empty/notes.txt")
    paths = [tmp_path / "empty", tmp_path / "missing.mp4", tmp_path / "empty"]
    assert list(expand(paths)) == paths[:2]


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    put(tmp_path, "store/a.mp4")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.mp4").symlink_to(tmp_path / "store" / "a.mp4")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    assert list(expand([folder])) == [folder / "link.mp4"]


def test_a_link_to_nothing_is_given_and_found_missing(tmp_path: Path) -> None:
    link = tmp_path / "folder" / "gone.mp4"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "nothing")
    assert list(expand([tmp_path / "folder"])) == [link]
    with pytest.raises(InputMissing):
        kind_of_file(link)


def test_names_that_are_not_text_are_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9 \x1b[31m\n.mp4")
    try:
        file.write_bytes(b"x")
    except (OSError, UnicodeEncodeError) as error:
        pytest.skip(f"this file system has no such name: {error}")
    assert list(expand([tmp_path])) == [file]


def test_the_content_tells_a_picture_whatever_its_name(tmp_path: Path) -> None:
    file = save_picture(tmp_path / "a.png", picture((RED, 10, 10, 50)))
    assert kind_of_file(file) is Kind.PICTURE
    assert kind_of_file(file.rename(tmp_path / "b.mp4")) is Kind.PICTURE
    (unknown,) = put(tmp_path, "c.mp4")
    assert kind_of_file(unknown) is Kind.VIDEO_OR_UNKNOWN


def test_what_cannot_be_looked_at_is_refused_by_its_cause(tmp_path: Path) -> None:
    (file,) = put(tmp_path, "file.mp4")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "list.m3u8").write_text("#EXTM3U\nhttp://example.org/1.ts\n")
    with pytest.raises(InputMissing):
        kind_of_file(tmp_path / "missing.mp4")
    with pytest.raises(InputMissing):
        kind_of_file(file / "below a file.mp4")
    with pytest.raises(InputEmpty):
        kind_of_file(tmp_path / "empty.mp4")
    with pytest.raises(InputWithoutMedia):
        kind_of_file(tmp_path)
    with pytest.raises(InputIsPlaylist):
        kind_of_file(tmp_path / "list.m3u8")
    with pytest.raises(InputUnreadable, match="null"):
        kind_of_file(Path("a\0b.mp4"))


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # so that opening it would not wait for ever
    os.write(reader, b"x" * 4096)
    try:
        with pytest.raises(InputUnreadable, match="not a regular file"):
            kind_of_file(pipe)
    finally:
        os.close(reader)


def test_a_file_that_may_not_be_read_is_refused_with_the_systems_reason(tmp_path: Path) -> None:
    (file,) = put(tmp_path, "a.mp4")
    file.chmod(stat.S_IWUSR)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read every file, as root may")
    with pytest.raises(InputUnreadable, match="Permission denied"):
        kind_of_file(file)
