from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    ArrayFilms,
    Colour,
    decision,
    finder,
    picture,
    save_film,
    save_picture,
)

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.errors import Cancelled
from stash_sense.identification.identify import Identifier, Known
from stash_sense.identification.result import Identification, Sighting
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.media.plan import SamplingPlan
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.matching.modes import MODES, matcher_for
from stash_sense.recognition.space import unit

PEOPLE = {"Red": RED, "Blue": BLUE, "Yellow": YELLOW}


def known_people(people: dict[str, Colour] | None = None, mode: str = "template") -> Known:
    colours = PEOPLE if people is None else people
    references = [
        (KnownPerson(f"id-{name}", name), unit(np.array([colour], np.float32) - 128))
        for name, colour in colours.items()
    ]
    gallery = Gallery.of("colours", references, 3)
    judge = gallery.judge(decision(), top_k=2)
    return Known(gallery.roster, matcher_for(mode, judge), mode)


def identifier() -> Identifier:
    return Identifier(ArrayFilms(), PillowReader(Limits()), finder(), "colours")


def identify(path: Path, tagged: Sequence[str] = (), known: Known | None = None) -> Identification:
    return identifier().identify(path, known or known_people(), SamplingPlan(), frozenset(tagged))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Red in seconds 1 to 3, moving right; a stranger in green beside in 2 and 3; nothing in 0 and 4."""
    return save_film(
        tmp_path / "film.mp4",
        [
            picture(),
            picture((RED, 10, 40, 60)),
            picture((RED, 20, 40, 60), (GREEN, 200, 50, 80)),
            picture((RED, 30, 40, 60), (GREEN, 200, 50, 80)),
            picture(),
        ],
    )


@pytest.mark.parametrize("mode", list(MODES))
def test_a_film_names_the_known_and_counts_the_unknown(film: Path, mode: str) -> None:
    result = identify(film, known=known_people(mode=mode))
    (red,), (stranger,) = result.persons, result.unknown
    assert (red.person_id, red.name, red.tagged) == ("id-Red", "Red", False)
    assert 0.99 < red.probability <= 1.0
    assert red.distance == pytest.approx(0.0, abs=1e-4)
    assert [alternative.person_id for alternative in red.alternatives] == ["id-Yellow", "id-Blue"][
        : len(red.alternatives)
    ]
    assert len(stranger.sightings) == 2
    assert result.failure is None
    assert (result.source, result.pack, result.mode) == (str(film), "colours", mode)
    assert (result.frames_analyzed, result.faces_detected) == (5, 5)
    assert (result.duration, result.width, result.height) == (5.0, 320, 200)


def test_sightings_of_a_video_have_seconds_and_boxes_in_order_of_time(film: Path) -> None:
    (red,) = identify(film).persons
    assert red.sightings == (
        Sighting(1.0, (10.0, 40.0, 60.0, 60.0)),
        Sighting(2.0, (20.0, 40.0, 60.0, 60.0)),
        Sighting(3.0, (30.0, 40.0, 60.0, 60.0)),
    )


def test_sightings_of_a_picture_have_no_time_and_the_answer_no_duration(tmp_path: Path) -> None:
    file = save_picture(tmp_path / "a.png", picture((RED, 30, 40, 60), (GREEN, 200, 50, 80)))
    result = identify(file)
    assert [sighting.t for person in (*result.persons, *result.unknown) for sighting in person.sightings] == [
        None
    ] * 2
    assert result.duration is None
    assert [person.name for person in result.persons] == ["Red"]
    assert (result.frames_analyzed, result.faces_detected, result.width, result.height) == (1, 2, 320, 200)


def test_crops_show_the_person(film: Path) -> None:
    result = identify(film)
    for person, colour in ((result.persons[0], RED), (result.unknown[0], GREEN)):
        assert person.crops.shape == (len(person.sightings), 96, 96, 3)  # all are described of a track so short
        assert np.all(np.abs(person.crops[:, 40:56, 40:56].astype(int) - colour) < 10)


def test_only_the_best_few_crops_are_kept(tmp_path: Path) -> None:
    # Too far apart for a track: every face is described.
    film = save_film(tmp_path / "long.mp4", [picture((RED, 10 + 150 * (second % 2), 40, 60)) for second in range(20)])
    (red,) = identify(film).persons
    assert len(red.sightings) == 18  # all but the first and the last second
    assert len(red.crops) == 6


def test_of_a_track_every_face_is_a_sighting_and_a_few_are_shown(tmp_path: Path) -> None:
    film = save_film(tmp_path / "calm.mp4", [picture((RED, 10 + second, 40, 60)) for second in range(20)])
    (red,) = identify(film).persons
    assert [sighting.t for sighting in red.sightings] == list(range(1, 19))
    assert [sighting.box[0] for sighting in red.sightings] == [10 + second for second in range(1, 19)]
    assert len(red.crops) == 4


def test_two_red_faces_in_a_picture_are_not_both_red(tmp_path: Path) -> None:
    file = save_picture(tmp_path / "a.png", picture((RED, 30, 40, 60), (RED, 200, 50, 80)))
    result = identify(file)
    assert [person.name for person in result.persons] == ["Red"]
    assert len(result.unknown) == 1


def test_a_person_who_is_tagged_already_is_marked(film: Path) -> None:
    assert identify(film, tagged=["Red", "Nobody in the gallery"]).persons[0].tagged
    assert identify(film, tagged=["red"]).persons[0].tagged
    assert not identify(film, tagged=["Blue", "re"]).persons[0].tagged


def test_a_film_without_faces_is_no_failure(tmp_path: Path) -> None:
    result = identify(save_film(tmp_path / "wall.mp4", [picture()] * 3))
    assert result.failure is None
    assert (result.persons, result.unknown, result.faces_detected, result.frames_analyzed) == ((), (), 0, 3)


def test_against_an_empty_gallery_everybody_is_unknown(film: Path) -> None:
    result = identify(film, known=known_people({}))
    assert result.persons == ()
    assert [len(person.sightings) for person in result.unknown] == [3, 2]


def test_all_stages_are_timed_and_their_sum_is_within_the_total(film: Path, tmp_path: Path) -> None:
    still = save_picture(tmp_path / "a.png", picture((RED, 30, 40, 60)))
    for path in (film, still):
        timing = identify(path).timing_ms
        assert set(timing) == {"extraction", "detection", "embedding", "matching", "total"}
        assert all(spent >= 0.0 for spent in timing.values())
        assert sum(timing.values()) - timing["total"] <= timing["total"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.mp4", None, "input_missing"),
        ("empty.mp4", b"", "input_empty"),
        ("damaged.mp4", b"\x00\x01\x02 not a film", "video_damaged"),
        ("damaged.jpg", b"\xff\xd8\xff\xe0 cut short", "picture_damaged"),
        ("list.m3u8", b"#EXTM3U\n", "input_is_playlist"),
    ],
)
def test_a_file_that_cannot_be_used_gives_an_answer_that_says_why(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    result = identify(file)
    assert result.failure is not None
    assert result.failure.code == code
    assert str(file) in result.failure.message
    assert result.failure.message.endswith(".") or ";" in result.failure.message
    assert (result.persons, result.unknown, result.frames_analyzed, result.duration) == ((), (), 0, None)
    assert "total" in result.timing_ms


def test_being_stopped_is_no_failure_of_the_file(film: Path, tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    still = save_picture(tmp_path / "a.png", picture((RED, 30, 40, 60)))
    for path in (film, still):
        with pytest.raises(Cancelled):
            identifier().identify(path, known_people(), SamplingPlan(), cancel=cancel)


def test_a_film_is_left_in_its_middle_when_asked_to_stop(tmp_path: Path) -> None:
    film = save_film(tmp_path / "long.mp4", [picture((RED, 10, 40, 60))] * 30)
    cancel = CancelToken()
    done: list[int] = []

    def stop(report: Progress) -> None:
        done.append(report.done)
        if report.done >= 8:
            cancel.cancel()

    with pytest.raises(Cancelled):
        identifier().identify(film, known_people(), SamplingPlan(), cancel=cancel, progress=stop)
    assert 8 <= done[-1] < 16


def test_progress_counts_frames_of_the_budget_with_the_files_name(film: Path) -> None:
    reports: list[Progress] = []
    identifier().identify(film, known_people(), SamplingPlan(10), progress=reports.append)
    assert [report.done for report in reports] == [0, 4, 5, 10]
    assert {(report.stage, report.total, report.note) for report in reports} == {
        ("looking at frames", 10, "film.mp4")
    }
