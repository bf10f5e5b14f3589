"""Fingerprints, and who is tagged, as recommendations."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.made_fingerprints import fingerprint, person
from tests.unit.identification.test_tagged import AT, BLANK

from stash_sense.fingerprints.fingerprint import FaceMark, Fingerprint, FingerprintPerson, Outcome
from stash_sense.library.media import Gallery, StashId
from stash_sense.library.people import Performer
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.performers.roster import KnownPerson, ListedRoster
from stash_sense.recommendations.unidentified import UnidentifiedDetails
from stash_sense.scanning.gallery_suggesting import gallery_suggestion, people_of, untagged
from stash_sense.scanning.stash_people import InStash, StashPeople
from stash_sense.scanning.suggesting import missing, suggestion

STASHDB = "https://stashdb.org/graphql"
GALLERY = Gallery("", "", "", "", "", "", (), None, False, AT, AT, "", False, 0, "", None, (), (), ())
ROSTER = ListedRoster([KnownPerson("stashdb.org:ada", "Ada"), KnownPerson("folder:Bob", "Bob")])


@dataclass
class Nobody:
    asked: list[str] = field(default_factory=list)

    def of(self, person_id: str, name: str) -> InStash:
        self.asked.append(name)
        return InStash()


def performer(id_: str, name: str, *stash_ids: StashId) -> Performer:
    return replace(BLANK, id=id_, name=name, stash_ids=stash_ids)


def people(*performers: Performer) -> StashPeople:
    return StashPeople(performers, [StashBoxEndpoint("stashdb", STASHDB, "", 240)], ROSTER)


def test_who_is_tagged_is_not_missing_and_the_most_probable_comes_first() -> None:
    found = fingerprint()
    assert [one.name for one in missing(found, ())] == ["Ada", "Zoé"]
    assert [one.name for one in missing(found, {"stashdb.org:ada"})] == ["Zoé"]
    assert missing(found, {"stashdb.org:ada", "stashdb.org:zoé"}) == ()


def test_an_image_of_a_gallery_speaks_through_the_gallery() -> None:
    assert missing(fingerprint(kind="image", galleries=("7",)), ()) == ()
    assert len(missing(fingerprint(kind="image"), ())) == 2


def test_a_suggestion_says_who_where_and_how_sure() -> None:
    found = fingerprint("12")
    made = suggestion(found, missing(found, ()), people(performer("5", "ada")))
    assert made is not None
    assert (made.type, made.target.kind, made.target.id, made.confidence) == (
        "unidentified_scene",
        "scene",
        "12",
        0.9,
    )
    details = UnidentifiedDetails.model_validate({k: v for k, v in made.details.items() if k != "schema"})
    assert (details.title, details.database, details.unknown) == ("Ein Fílm", "2026.11.1", 1)
    ada, zoe = details.people
    assert (ada.performer_id, ada.endpoint, ada.stash_id) == ("5", STASHDB, "ada")
    assert [(one.t, one.face) for one in ada.seen] == [(12.5, 3), (None, 0)]
    assert [one.name for one in ada.others] == ["Bób"]
    assert (zoe.performer_id, zoe.probability, zoe.seen) == (None, 0.7, ())
    assert suggestion(found, (), Nobody()) is None


def test_people_are_found_by_their_ids_else_by_a_name_that_one_has_alone() -> None:
    linked = performer("1", "Ada Other", StashId(STASHDB, "ada"))
    assert people(linked, performer("2", "Ada")).of("stashdb.org:ada", "Ada").performer_id == "1"
    assert people(performer("2", "ADA")).of("stashdb.org:ada", "Ada").performer_id == "2"
    assert people(performer("2", "Ada"), performer("3", "ada")).of("stashdb.org:ada", "Ada").performer_id is None
    elsewhere = performer("4", "Ada", StashId(STASHDB, "somebody-else"))
    assert people(elsewhere).of("stashdb.org:ada", "Ada").performer_id is None
    bob = people(performer("6", "Bob")).of("folder:Bob", "Bob")
    assert (bob.performer_id, bob.endpoint, bob.stash_id) == ("6", None, None)


def image(id_: str, *persons: FingerprintPerson, **fields: Any) -> Fingerprint:
    return fingerprint(id_, kind="image", persons=persons, galleries=("7",), **fields)


def test_a_gallery_counts_its_images_by_person() -> None:
    far = person("Ada", 0.6, distance=0.5, marks=(FaceMark(1, None, (5.0, 5.0, 9.0, 9.0)),))
    images = [
        image("1", far),
        image("2", person("Ada", 0.95, distance=0.2), person("Bob", 0.7, distance=0.4)),
        image("3", outcome=Outcome.FAILED, code="input_missing"),
        image("4", outcome=Outcome.NO_FACE, faces=0),
    ]
    found = people_of(images, frequency=False, stranger_distance=1.0)
    assert [(one.name, one.image_ids) for one in found] == [("Ada", ("2", "1")), ("Bob", ("2",))]
    gallery = GALLERY._replace(id="7", path="/sets/Beach.zip", image_count=4)
    left = untagged(found, {"stashdb.org:bob"})
    made = gallery_suggestion(gallery, images, left, Nobody())
    assert made is not None
    details = UnidentifiedDetails.model_validate({k: v for k, v in made.details.items() if k != "schema"})
    (ada,) = details.people
    assert (details.title, made.confidence) == ("Beach.zip", 0.95)
    assert (ada.count, ada.distance, ada.mean_distance, ada.image_ids) == (2, 0.2, 0.35, ("2", "1"))
    assert [(one.image_id, one.face) for one in ada.seen] == [("2", 3), ("1", 1)]
    assert gallery_suggestion(gallery, images, [], Nobody()) is None


def test_where_frequency_counts_the_unnamed_count_too() -> None:
    likely = {"likely": [{"person_id": "x:cid", "name": "Cid", "probability": 0.3, "distance": 0.6}]}
    images = [image("1", details=likely), image("2", details=likely)]
    assert people_of(images, frequency=False, stranger_distance=1.0) == ()
    (cid,) = people_of(images, frequency=True, stranger_distance=1.0)
    assert (cid.name, cid.image_ids) == ("Cid", ("1", "2"))
