"""A part of the frames is looked at first, and the rest only while it could change who is named."""

from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ArrayFilms, Colour, decision, finder, picture, save_film

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.identification.identify import Identifier, Known
from stash_sense.identification.result import Identification
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress
from stash_sense.media.plan import SamplingPlan
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson, ListedRoster
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.modes import matcher_for
from stash_sense.recognition.matching.person import Matched, Matcher
from stash_sense.recognition.space import unit

PLAN = SamplingPlan(30, 0.0, 1.0)
"""Ten of thirty seconds first: 1, 4, 7 …"""
REDDISH = (250, 115, 55)
"""Cosine of 0.84 to red: neither surely red nor surely somebody else."""


class NotedMatcher:
    """Notes how many frames it is asked about; says that it is undecided as often as told, or as it is."""

    def __init__(self, matcher: Matcher, undecided: bool | None = None) -> None:
        self.asked: list[int] = []
        self._matcher = matcher
        self._undecided = undecided

    def match(self, faces: Faces, frame_count: int, tagged: frozenset[int] = frozenset()) -> Matched:
        self.asked.append(frame_count)
        found = self._matcher.match(faces, frame_count, tagged)
        return Matched(found.people, found.undecided if self._undecided is None else self._undecided)


def matcher(undecided: bool | None = None) -> NotedMatcher:
    vectors = unit(np.array([RED, BLUE], np.float32) - 128)
    gallery = Gallery.of("colours", [(KnownPerson(name, name), vectors[row : row + 1]) for row, name in PEOPLE], 3)
    judge = gallery.judge(decision())
    return NotedMatcher(matcher_for("template", judge), undecided)


PEOPLE = tuple(enumerate(("Red", "Blue")))


def identify(film: Path, matching: Matcher, reports: list[Progress] | None = None) -> Identification:
    known = Known(ListedRoster([KnownPerson(name, name) for _, name in PEOPLE]), matching, "template")
    identifier = Identifier(ArrayFilms(), PillowReader(Limits()), finder(), "colours")
    progress = (reports if reports is not None else []).append
    return identifier.identify(film, known, PLAN, progress=progress)


def film_of(folder: Path, *parts: tuple[Colour | None, int]) -> Path:
    """Seconds of a colour each, blue elsewhere than the reds; a stranger in green is at the right of all of them."""
    frames: list[Image] = []
    for colour, seconds in parts:
        faces = [(colour, 100 if colour == BLUE else 10, 40, 60)] if colour else []
        frames += [picture(*faces, (GREEN, 200, 50, 80))] * seconds
    return save_film(folder / "film.mp4", frames)


def test_when_everybody_is_known_or_unknown_for_sure_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    noted, reports = matcher(), list[Progress]()
    result = identify(film_of(tmp_path, (RED, 30)), noted, reports)
    assert result.frames_analyzed == 10
    assert noted.asked == [10]
    assert [person.name for person in result.persons] == ["Red"]
    assert len(result.unknown) == 1
    assert (reports[0].done, reports[-1].done, reports[-1].total) == (0, 30, 30)  # done is done, however early


def test_while_somebody_is_in_doubt_the_rest_is_looked_at_too(tmp_path: Path) -> None:
    noted, reports = matcher(), list[Progress]()
    result = identify(film_of(tmp_path, (REDDISH, 30)), noted, reports)
    assert result.frames_analyzed == 30
    assert noted.asked == [10, 30]
    assert [report.done for report in reports] == sorted(report.done for report in reports)


def test_the_last_word_has_the_look_at_all_frames(tmp_path: Path) -> None:
    # In the seconds that are looked at first, blue is seen once, which is too little for a name.
    film = film_of(tmp_path, (REDDISH, 20), (BLUE, 1), (None, 1), (BLUE, 2), (None, 6))
    assert "Blue" not in {person.name for person in identify(film, matcher(undecided=False)).persons}
    result = identify(film, matcher())
    blue = next(person for person in result.persons if person.name == "Blue")
    assert [sighting.t for sighting in blue.sightings] == [20.0, 22.0, 23.0]


@pytest.mark.parametrize(
    "parts", [((RED, 30),), ((RED, 12), (None, 4), (BLUE, 14)), ((None, 30),), ((REDDISH, 15), (RED, 15))]
)
def test_two_passes_give_what_one_pass_gives(tmp_path: Path, parts: tuple[tuple[Colour | None, int], ...]) -> None:
    film = film_of(tmp_path, *parts)

    class OnePass(SamplingPlan):
        """All its moments at once."""

        def passes(self, duration: float) -> tuple[np.typing.NDArray[np.float64], ...]:
            return (self.targets(duration),)

    known = Known(ListedRoster([KnownPerson(name, name) for _, name in PEOPLE]), matcher(), "template")
    identifier = Identifier(ArrayFilms(), PillowReader(Limits()), finder(), "colours")
    whole = identifier.identify(film, known, OnePass(30, 0.0, 1.0))
    both = identify(film, matcher(undecided=True))
    assert (whole.frames_analyzed, whole.faces_detected) == (both.frames_analyzed, both.faces_detected)
    assert [(one.name, one.sightings) for one in whole.persons] == [(one.name, one.sightings) for one in both.persons]
    assert [one.sightings for one in whole.unknown] == [one.sightings for one in both.unknown]


def test_deciding_early_names_whom_all_frames_name(tmp_path: Path) -> None:
    film = film_of(tmp_path, (RED, 12), (None, 4), (BLUE, 14))
    early, late = identify(film, matcher(undecided=False)), identify(film, matcher(undecided=True))
    assert (early.frames_analyzed, late.frames_analyzed) == (10, 30)
    assert {one.name for one in early.persons} == {one.name for one in late.persons} == {"Red", "Blue"}
    assert len(early.unknown) == len(late.unknown) == 1
    for one in early.persons:
        all_of_them = next(other for other in late.persons if other.name == one.name)
        assert set(one.sightings) <= set(all_of_them.sightings)
