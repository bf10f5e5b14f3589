"""What is kept of a result for measuring."""

import numpy as np
import pytest
from tests.unit.evaluation.made import answer, identification, named, named_person, unknown_person

from stash_sense.evaluation.answers import answer_of, references_of
from stash_sense.identification.result import Failure, Identification, Sighting
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson

DECOMPOSED, COMPOSED = "Andre\u0301", "Andr\u00e9"


def test_everybody_seen_has_a_best_candidate_named_or_not() -> None:
    sightings = (Sighting(1.5, (10.0, 20.0, 30.0, 40.0)),)
    kept = answer_of(
        identification(
            [named_person("Ada", 0.97, sightings=sightings)],
            [unknown_person(("Grace", 0.31), ("Ada", 0.02)), unknown_person()],
        )
    )
    assert [(claim.name, claim.probability, claim.named) for claim in kept.claims] == [
        ("Ada", 0.97, True),
        ("Grace", 0.31, False),
        (None, 0.0, False),
    ]
    assert kept.claims[0].sightings == sightings
    assert kept.named == {"Ada": 0.97}
    assert kept.unknown == 2
    assert (kept.frames, kept.faces, kept.seconds) == (12, 34, 2.5)


def test_a_name_given_twice_counts_once_with_its_better_probability() -> None:
    assert answer(named("Ada", 0.6), named("Ada", 0.8)).named == {"Ada": 0.8}


def test_a_file_that_failed_has_no_answer() -> None:
    failed = Identification("a.mp4", "lite", "template", failure=Failure("input_missing", "It is not there."))
    with pytest.raises(ValueError, match="input_missing"):
        answer_of(failed)


def test_an_accent_may_be_written_in_two_ways() -> None:
    assert answer_of(identification([named_person(DECOMPOSED)])).named == {COMPOSED: 0.9}


def test_references_are_counted_by_name() -> None:
    people = [(KnownPerson("1", "Ada"), 2), (KnownPerson("2", DECOMPOSED), 1), (KnownPerson("3", COMPOSED), 3)]
    gallery = Gallery.of("lite", [(person, np.zeros((count, 4), np.float32)) for person, count in people], 4)
    assert references_of(gallery) == {"Ada": 2, COMPOSED: 4}
