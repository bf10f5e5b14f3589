"""Whose face a sighting shows, by the tracks of the truth."""

from tests.unit.evaluation.made import LEFT, RIGHT, appears, seen

from stash_sense.evaluation.truth import Appearance
from stash_sense.evaluation.whereabouts import subject_of

BOTH = [appears("Ada", LEFT, 1.0, 2.0), appears("S1", RIGHT, 1.0, 2.0)]


def test_the_centre_of_a_sighting_lies_in_the_face_it_shows() -> None:
    assert subject_of(seen((90.0, 110.0, 50.0, 60.0), 1.0), BOTH) == "Ada"
    assert subject_of(seen((430.0, 110.0, 30.0, 30.0), 1.0), BOTH) == "S1"
    assert subject_of(seen((250.0, 100.0, 50.0, 60.0), 1.0), BOTH) is None


def test_a_track_says_nothing_of_moments_further_away_than_half_a_second() -> None:
    assert subject_of(seen(LEFT, 2.5), BOTH) == "Ada"
    assert subject_of(seen(LEFT, 2.51), BOTH) is None


def test_a_face_is_where_its_track_has_it_at_the_nearest_moment() -> None:
    moving = Appearance(subject="Ada", start=0, end=1, height=60, track=((0.0, *LEFT), (1.0, *RIGHT)))
    assert subject_of(seen(RIGHT, 0.9), [moving]) == "Ada"
    assert subject_of(seen(LEFT, 0.9), [moving]) is None


def test_most_of_the_sightings_decide() -> None:
    assert subject_of((*seen(LEFT, 1.0), *seen(RIGHT, 1.2, 1.4)), BOTH) == "S1"


def test_of_two_faces_that_overlap_the_nearer_centre_counts() -> None:
    close = [appears("Ada", (100.0, 100.0, 50.0, 60.0), 1.0), appears("S1", (120.0, 100.0, 50.0, 60.0), 1.0)]
    assert subject_of(seen((118.0, 100.0, 50.0, 60.0), 1.0), close) == "S1"


def test_time_does_not_matter_in_a_picture() -> None:
    assert subject_of(seen(RIGHT, None), BOTH) == "S1"


def test_somebody_in_two_shots_is_one_subject() -> None:
    shots = [appears("Ada", LEFT, 1.0), appears("S1", LEFT, 10.0), appears("Ada", LEFT, 20.0)]
    assert subject_of(seen(LEFT, 1.0, 10.0, 20.0), shots) == "Ada"


def test_without_sightings_or_tracks_nobody_is_known_to_be_there() -> None:
    assert subject_of((), BOTH) is None
    assert subject_of(seen(LEFT, 1.0), []) is None
    untracked = Appearance(subject="Ada", start=0, end=2, height=60)
    assert subject_of(seen(LEFT, 1.0), [untracked]) is None
