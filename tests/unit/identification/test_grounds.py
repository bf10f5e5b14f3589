"""What names rest on, of faces that are squares and people who are colours."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.fakes_faces import BLUE, GREEN, RED, ArrayFilms, Colour, decision, finder, picture, save_picture

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.identification.reasons import Because
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Identification
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.records import ReferencePicture
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.evidence import Nearer
from stash_sense.recognition.space import unit
from stash_sense.reports.wording import against

REDDISH = (250, 126, 45)
"""Cosine of 0.82 to red: just a name."""
ORANGE = (250, 90, 5)
"""Nearer to red than to green."""
PURE = unit(np.array([RED], np.float32) - 128)


def gallery(*people: tuple[str, Sequence[Colour]]) -> Gallery:
    references = [
        (KnownPerson(f"id-{name}", name), unit(np.array(colours, np.float32) - 128)) for name, colours in people
    ]
    pictures = [
        ReferencePicture("folder", path=f"{name}/{place}.png")
        for name, colours in people
        for place in range(len(colours))
    ]
    return Gallery.of("colours", references, 3, pictures)


RED_AND_BLUE = gallery(("Red", [ORANGE, RED, REDDISH, GREEN]), ("Blue", [BLUE]))


def identified(path: Path, known: Gallery, *faces: tuple[Colour, int, int, int], **request: object) -> Identification:
    save_picture(path / "a.png", picture(*faces))
    recognizer = Recognizer("colours", finder(), decision(), ArrayFilms(), PillowReader(Limits()))
    (result,) = recognizer.identify([path / "a.png"], known, Request(**request), CancelToken())  # type: ignore[arg-type]
    return result


def test_a_name_rests_on_the_three_nearest_pictures_of_the_person(tmp_path: Path) -> None:
    (red,) = identified(tmp_path, RED_AND_BLUE, (RED, 10, 40, 60)).persons
    assert [one.picture.path for one in red.references] == ["Red/1.png", "Red/0.png", "Red/2.png"]
    distances = [one.distance for one in red.references]
    assert distances == sorted(distances)
    assert distances[0] == red.distance == pytest.approx(0.0, abs=1e-3)
    assert red.votes == pytest.approx(1.0)


def test_a_gallery_whose_pictures_nobody_kept_has_distances_all_the_same(tmp_path: Path) -> None:
    bare = Gallery.of("colours", [(KnownPerson("id-Red", "Red"), PURE)], 3)
    (red,) = identified(tmp_path, bare, (RED, 10, 40, 60)).persons
    assert [one.picture for one in red.references] == [ReferencePicture()]


def test_the_crops_say_which_sightings_they_are_of(tmp_path: Path) -> None:
    result = identified(tmp_path, RED_AND_BLUE, (RED, 10, 40, 60), (BLUE, 200, 40, 60))
    assert len(result.persons) == 2
    for person in result.persons:
        assert person.pictured == person.sightings
        assert len(person.crops) == 1


def test_the_runner_up_is_less_likely_by_numbers_that_are_told(tmp_path: Path) -> None:
    (red,) = identified(tmp_path, RED_AND_BLUE, (RED, 10, 40, 60)).persons
    rival = red.runner_up
    assert rival is not None
    assert (rival.because, rival.close, rival.nearer) == (Because.LESS_LIKELY, False, Nearer(1, 1, 1, 1))
    assert rival.votes == 0.0
    assert rival.references[0].picture.path == "Blue/0.png"
    assert rival.references[0].distance == red.alternatives[0].distance
    assert against(red).startswith("Blue is less likely, <1% against 83%; the nearest picture is ")
    assert against(red).endswith(" further away, and 1 of 1 face is nearer to Red.")


def test_two_who_look_alike_are_close(tmp_path: Path) -> None:
    twins = gallery(("One", [RED]), ("Two", [ORANGE]))
    (one,) = identified(tmp_path, twins, (RED, 10, 40, 60)).persons
    assert one.runner_up is not None
    assert (one.runner_up.because, one.runner_up.close) == (Because.LESS_LIKELY, True)
    assert against(one).startswith("It was close: Two is less likely")


def test_whoever_is_too_unlike_is_told_with_what_a_name_needs(tmp_path: Path) -> None:
    known = gallery(("Red", [RED]), ("Blue", [BLUE]))
    (unknown,) = identified(tmp_path, known, (GREEN, 10, 40, 60)).unknown
    rival = unknown.runner_up
    assert rival is not None
    assert (rival.because, rival.close, rival.nearer, rival.needed) == (Because.UNSURE, False, None, 0.5)
    assert against(unknown).endswith("but <1% is less than the 50% that a name takes.")


def test_nobody_is_in_a_frame_twice(tmp_path: Path) -> None:
    result = identified(tmp_path, RED_AND_BLUE, (RED, 10, 40, 60), (RED, 200, 40, 50))
    assert [person.name for person in result.persons] == ["Red"]
    (other,) = result.unknown
    assert other.runner_up is not None
    assert other.runner_up.because is Because.NOT_TWICE
    assert against(other).startswith("It would be Red, 83%, but another face in the same frame")


def test_without_alternatives_there_is_no_runner_up(tmp_path: Path) -> None:
    (red,) = identified(tmp_path, RED_AND_BLUE, (RED, 10, 40, 60), top_k=0).persons
    assert (red.runner_up, against(red)) == (None, "")
    assert red.references
