"""What files are like, and samples in which every kind has its share."""

from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from PIL import Image
from tests.unit.evaluation.made import truth

from stash_sense.errors import InputMissing
from stash_sense.evaluation.stratify import Stratum, sample, stratum_of
from stash_sense.media.ports import FrameSource, VideoInfo


class Films:
    """A `VideoOpener` for which every file is the same film."""

    def __init__(self, width: int = 1920, height: int = 1080, minutes: float = 10.0) -> None:
        self.info = VideoInfo(minutes * 60.0, width, height, 25.0, "h264")

    def open(self, path: Path) -> AbstractContextManager[FrameSource]:
        return nullcontext(self)  # type: ignore[arg-type]  # nothing but `info` may be asked for


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    return path


@pytest.mark.parametrize(
    ("films", "resolution", "length"),
    [
        (Films(1279, 719, 4.99), "under 720 lines", "under 5 min"),
        (Films(1280, 720, 5.0), "720 to 1079 lines", "5 to 30 min"),
        (Films(1920, 1080, 30.0), "1080 lines or more", "5 to 30 min"),
        (Films(3840, 2160, 30.1), "1080 lines or more", "over 30 min"),
        (Films(720, 1280, 0.0), "720 to 1079 lines", "length unknown"),
    ],
)
def test_a_video_is_described_by_its_container(film: Path, films: Films, resolution: str, length: str) -> None:
    stratum = stratum_of(film, truth("Ada"), films)
    assert stratum == {"persons": "1", "resolution": resolution, "length": length}


def test_strangers_count_among_the_persons(film: Path) -> None:
    files = [truth(), truth("Ada"), truth("Ada", strangers=1), truth("Ada", strangers=2), truth(*"ABCD")]
    assert [stratum_of(film, file, Films())["persons"] for file in files] == ["0", "1", "2", "3 or more", "3 or more"]


def test_a_picture_is_a_kind_of_its_own(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert stratum_of(tmp_path / "a.png", truth("Ada"), Films()) == {"persons": "1", "kind": "picture"}


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        stratum_of(tmp_path / "a.mp4", truth("Ada"), Films())


def strata(**counts: int) -> list[Stratum]:
    return [{"kind": kind} for kind, count in counts.items() for _ in range(count)]


def chosen_kinds(strata: list[Stratum], count: int, seed: int = 0) -> Counter[str]:
    return Counter(strata[place]["kind"] for place in sample(strata, count, seed))


def test_every_kind_has_its_share_and_at_least_one() -> None:
    assert chosen_kinds(strata(a=50, b=30, c=20), 20) == {"a": 10, "b": 6, "c": 4}
    assert chosen_kinds(strata(a=500, b=300, c=1), 9) == {"a": 5, "b": 3, "c": 1}


def test_a_sample_is_as_large_as_asked_for_and_names_no_file_twice() -> None:
    kinds = strata(a=3, b=40, c=2)
    for count in (1, 2, 3, 4, 20, 44, 45):
        places = sample(kinds, count)
        assert len(set(places)) == count
        assert places == sorted(places)


def test_more_than_there_are_is_all_of_them() -> None:
    assert sample(strata(a=2, b=1), 20) == [0, 1, 2]
    assert sample([], 20) == []


def test_the_seed_decides_which_files_and_nothing_else_does() -> None:
    kinds = strata(a=50, b=50)
    assert sample(kinds, 10, seed=1) == sample(kinds, 10, seed=1)
    assert sample(kinds, 10, seed=1) != sample(kinds, 10, seed=2)
    assert chosen_kinds(kinds, 10, seed=1) == chosen_kinds(kinds, 10, seed=2)


def test_where_there_are_more_kinds_than_places_as_many_properties_as_possible_are_seen() -> None:
    kinds: list[Stratum] = [
        *[{"length": "short", "size": "large"}] * 9,
        *[{"length": "short", "size": "small"}] * 8,
        *[{"length": "long", "size": "large"}] * 7,
        *[{"length": "long", "size": "small"}] * 1,
    ]
    chosen = [kinds[place] for place in sample(kinds, 2)]
    assert chosen == [{"length": "short", "size": "large"}, {"length": "long", "size": "small"}]
