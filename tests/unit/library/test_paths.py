"""Files of a Stash that sees other folders than we do are found."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from stash_sense.errors import PathMapInvalid
from stash_sense.library.paths import KnownFile, PathMap, guess

PLACES = [Path("/"), Path("/mnt"), Path("/home/ada"), Path("/mnt/media"), Path("/mnt/other")]
NOTHING_SET = PathMap()


def disk(**files: int) -> Callable[[Path], int | None]:
    """Give the sizes of files named by place."""
    sizes = {Path(name): size for name, size in files.items()}
    return sizes.get


def test_without_pairs_we_see_what_stash_sees() -> None:
    assert NOTHING_SET.local("/data/film.mp4") == Path("/data/film.mp4")


def test_a_path_of_another_system_is_nowhere_here() -> None:
    assert NOTHING_SET.local(r"D:\videos\film.mp4") is None


def test_the_longest_folder_says_where_a_file_is() -> None:
    paths = PathMap.parse(r"/data=/mnt/media; /data/new=/mnt/fast; D:\videos=/mnt/videos; \\nas\share=/mnt/share")
    assert paths.local("/data/a/film.mp4") == Path("/mnt/media/a/film.mp4")
    assert paths.local("/data/new/film.mp4") == Path("/mnt/fast/film.mp4")
    assert paths.local("/database/film.mp4") == Path("/database/film.mp4")
    assert paths.local(r"d:\Videos\x\film.mp4") == Path("/mnt/videos/x/film.mp4")
    assert paths.local(r"\\nas\share\film.mp4") == Path("/mnt/share/film.mp4")


def test_pairs_are_written_as_they_are_read() -> None:
    text = r"/data=/mnt/media; D:\videos=/mnt/videos"
    assert str(PathMap.parse(text)) == text
    assert PathMap.parse(" ; ") == NOTHING_SET


@pytest.mark.parametrize("text", ["/data", "data=/mnt", "/data=mnt", "=", "/data=/mnt;/x"])
def test_what_is_no_pair_of_folders_is_refused(text: str) -> None:
    with pytest.raises(PathMapInvalid):
        PathMap.parse(text)


def test_a_library_that_we_see_alike_needs_no_other_pair() -> None:
    files = [KnownFile("/srv/a/1.mp4", 10), KnownFile("/srv/b/2.mp4", 20)]
    found = guess(files, PLACES, disk(**{"/srv/a/1.mp4": 10, "/srv/b/2.mp4": 20}), NOTHING_SET)
    assert (found.paths, found.found, found.looked_for) == (NOTHING_SET, 2, 2)


def test_the_pair_that_explains_most_is_found() -> None:
    files = [KnownFile("/data/a/1.mp4", 10), KnownFile("/data/b/c/2.mp4", 20)]
    found = guess(files, PLACES, disk(**{"/mnt/media/a/1.mp4": 10, "/mnt/media/b/c/2.mp4": 20}), NOTHING_SET)
    assert str(found.paths) == "/data=/mnt/media"
    assert found.found == 2


def test_a_file_of_the_same_name_and_another_size_is_another_file() -> None:
    files = [KnownFile("/data/film.mp4", 10)]
    found = guess(files, PLACES, disk(**{"/mnt/film.mp4": 11, "/mnt/other/film.mp4": 10}), NOTHING_SET)
    assert str(found.paths) == "/data=/mnt/other"


def test_a_library_of_several_folders_has_several_pairs() -> None:
    files = [KnownFile(r"D:\one\1.mp4", 1), KnownFile(r"E:\two\2.mp4", 2), KnownFile(r"E:\two\3.mp4", 3)]
    found = guess(
        files, PLACES, disk(**{"/mnt/media/one/1.mp4": 1, "/mnt/other/2.mp4": 2, "/mnt/other/3.mp4": 3}), NOTHING_SET
    )
    assert str(found.paths) == r"D:\=/mnt/media; E:\two=/mnt/other"
    assert found.found == 3


def test_what_the_user_has_set_comes_first() -> None:
    files = [KnownFile("/data/film.mp4", 10)]
    here = disk(**{"/mnt/film.mp4": 10, "/chosen/film.mp4": 10})
    assert guess(files, PLACES, here, PathMap.parse("/data=/chosen")).paths == PathMap.parse("/data=/chosen")


def test_what_the_user_has_set_gives_way_where_more_is_found_without_it() -> None:
    files = [KnownFile("/data/1.mp4", 10), KnownFile("/data/2.mp4", 20)]
    here = disk(**{"/mnt/media/1.mp4": 10, "/mnt/media/2.mp4": 20})
    found = guess(files, PLACES, here, PathMap.parse("/data=/nowhere; /else=/kept"))
    assert str(found.paths) == "/else=/kept; /data=/mnt/media"
    assert found.found == 2


def test_files_that_are_nowhere_are_not_looked_for_without_end() -> None:
    looks = 0

    def size_of(place: Path) -> None:
        nonlocal looks
        looks += 1

    files = [KnownFile(str(PurePosixPath("/data", *("deep" * 50), f"{n}.mp4")), n) for n in range(100)]
    assert guess(files, PLACES * 50, size_of, NOTHING_SET).found == 0
    assert looks < 21_000
