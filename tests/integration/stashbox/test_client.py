"""The client against the simulator, over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.stashbox_boxes import Asked, listed, without_flaws

from stash_sense.adapters.stashbox.client import PAGE, StashBoxClient
from stash_sense.errors import (
    StashBoxFeatureMissing,
    StashBoxRefused,
)
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.stashbox.entities import BodyMark, Link, Performer, Picture, Reference
from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint
from stash_sense.stashbox.kinds import PERFORMERS, SCENES, STUDIOS, TAGS
from stash_sense.stashbox.merges import successors
from stash_sense.stashbox.reading import Found

NOBODY = "00000000-0000-0000-0000-000000000001"
FULL = {
    "name": "Somebody",
    "disambiguation": "the elder",
    "aliases": ["S", "Some Body"],
    "gender": "FEMALE",
    "urls": [{"url": "https://example.org/1", "site": {"id": NOBODY, "name": "Own page"}}],
    "birth_date": "1981-05",
    "death_date": "2020",
    "ethnicity": "MIDDLE_EASTERN",
    "country": "US",
    "eye_color": "BLUE",
    "hair_color": "BLONDE",
    "height": 170,
    "cup_size": "C",
    "band_size": 34,
    "waist_size": 24,
    "hip_size": 35,
    "breast_type": "NATURAL",
    "career_start_year": 2000,
    "career_end_year": 2010,
    "tattoos": [{"location": "Left arm", "description": "rose"}],
    "piercings": [{"location": "Ear", "description": None}],
    "images": [{"id": NOBODY, "url": "https://cdn.example/1.jpg", "width": 10, "height": 20}],
}


def crowd(count: int) -> State:
    return State({"performers": [{"name": f"Person {number:03}"} for number in range(count)]})


def ids(state: State, kind: str = "performers") -> list[str]:
    return [row["id"] for row in state.listed(kind)]


@pytest.fixture
def server() -> Iterator[StashBoxServer]:
    with without_flaws(StashBoxServer(crowd(120))) as running:
        yield running


def found(server: StashBoxServer, wanted: list[str], **more: Any) -> Found[Performer]:
    return Asked(server.endpoint, **more).run(lambda box: box.by_ids(PERFORMERS, wanted))


def test_a_performer_is_read_with_everything() -> None:
    state = State({"performers": [FULL]})
    with without_flaws(StashBoxServer(state)) as server:
        (one,) = ids(state)
        performer = found(server, [one]).items[one]
    assert performer == Performer(
        id=one,
        name="Somebody",
        disambiguation="the elder",
        aliases=("S", "Some Body"),
        gender="FEMALE",
        links=(Link("https://example.org/1", "Own page"),),
        birth_date="1981-05",
        death_date="2020",
        ethnicity="MIDDLE_EASTERN",
        country="US",
        eye_color="BLUE",
        hair_color="BLONDE",
        height_cm=170,
        cup_size="C",
        band_size=34,
        waist_size=24,
        hip_size=35,
        breast_type="NATURAL",
        career_start_year=2000,
        career_end_year=2010,
        tattoos=(BodyMark("Left arm", "rose"),),
        piercings=(BodyMark("Ear", ""),),
        pictures=(Picture(NOBODY, "https://cdn.example/1.jpg", 10, 20),),
        scene_count=0,
        deleted=False,
        merged_into="",
        merged_ids=(),
        created=datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
        updated=datetime(2026, 1, 1, 0, 0, 0, 2000, tzinfo=UTC),
    )


def test_a_server_with_fewer_fields_is_asked_for_those_that_it_has_from_then_on() -> None:
    state = State({"performers": [FULL]})
    with without_flaws(StashBoxServer(state, Profile.REDUCED)) as server:
        (one,) = ids(state)

        async def twice(box: StashBoxClient) -> tuple[Performer, int]:
            await box.by_ids(PERFORMERS, [one])
            before = len(server.documents)
            return (await box.by_ids(PERFORMERS, [one])).items[one], len(server.documents) - before

        performer, requests = Asked(server.endpoint).run(twice)
    assert requests == 1
    # Old fields say what the new ones would have said.
    assert (performer.birth_date, performer.band_size, performer.cup_size) == ("1981-05", 34, "C")
    assert (performer.waist_size, performer.hip_size, performer.death_date) == (24, 35, "")


def test_a_server_that_cannot_do_something_at_all_is_told_apart() -> None:
    with without_flaws(StashBoxServer(profile=Profile.REDUCED)) as server, pytest.raises(StashBoxFeatureMissing):
        Asked(server.endpoint).run(lambda box: listed(box.removed(PERFORMERS, None)))


@pytest.mark.parametrize("profile", Profile)
def test_scenes_studios_and_tags_are_read_from_every_kind_of_server(profile: Profile) -> None:
    state = State()
    parent = state.put("studios", name="Big House")
    studio = state.put("studios", name="Small House", parent={"id": parent}, aliases=["Tiny"])
    category = {"id": NOBODY, "name": "Places", "group": "SCENE", "description": None}
    tag = state.put("tags", name="Outdoor", aliases=["Outside"], description="sun", category=category)
    person = state.put("performers", name="Somebody")
    scene_id = state.put(
        "scenes",
        title="Scene",
        release_date="2020-01-02",
        studio={"id": studio},
        tags=[{"id": tag}],
        performers=[{"as": "Alias", "performer": {"id": person}}],
        fingerprints=[
            {"hash": "0abc", "algorithm": "PHASH", "duration": 40, "submissions": 3, "reports": 1},
            {"hash": "d41d8cd98f00b204e9800998ecf8427e", "algorithm": "MD5", "duration": 40},
        ],
    )
    with without_flaws(StashBoxServer(state, profile)) as server:

        async def read(box: StashBoxClient) -> tuple[Any, Any, Any]:
            scene = (await box.by_ids(SCENES, [scene_id])).items[scene_id]
            house = (await box.by_ids(STUDIOS, [studio])).items[studio]
            return scene, house, (await box.by_ids(TAGS, [tag])).items[tag]

        scene, house, outdoor = Asked(server.endpoint).run(read)
    assert (scene.title, scene.release_date, scene.studio) == (
        "Scene",
        "2020-01-02",
        Reference(studio, "Small House"),
    )
    assert scene.tags == (Reference(tag, "Outdoor"),)
    assert [(part.performer, part.credited_as) for part in scene.performers] == [
        (Reference(person, "Somebody"), "Alias")
    ]
    assert [one.fingerprint for one in scene.fingerprints] == [Fingerprint(Algorithm.PHASH, 0xABC)]
    assert scene.fingerprints[0].trust == (1 if profile is Profile.REDUCED else 2)
    assert house.parent == Reference(parent, "Big House")
    assert outdoor.aliases == ("Outside",)
    assert outdoor.category == ("" if profile is Profile.REDUCED else "Places")


def test_many_ids_take_few_requests(server: StashBoxServer) -> None:
    wanted = ids(server.state)
    read = found(server, wanted)
    assert list(read.items) == wanted
    assert len(server.documents) == 3


def test_the_same_id_twice_is_asked_for_once(server: StashBoxServer) -> None:
    one = ids(server.state)[0]
    assert list(found(server, [one, one]).items) == [one]
    assert list(server.documents[0].variables) == ["id0"]


def test_no_ids_take_no_request(server: StashBoxServer) -> None:
    assert found(server, []).items == {}
    assert not server.documents


def test_unknown_and_bad_ids_do_not_spoil_the_others(server: StashBoxServer) -> None:
    one = ids(server.state)[0]
    read = found(server, [NOBODY, one, "abc", ""])
    assert list(read.items) == [one]
    assert read.unknown == (NOBODY,)
    assert read.refused["abc"] == 'uuid: incorrect UUID length 3 in string "abc"'
    assert "" in read.refused


@pytest.mark.parametrize(("most", "requests"), [(50, 2), (49, 4), (20, 4), (19, 62), (1, 62)])
def test_a_server_that_takes_fewer_questions_at_once_is_asked_fewer(most: int, requests: int) -> None:
    state = crowd(60)
    with without_flaws(StashBoxServer(state, most_fields=most)) as server:
        assert list(found(server, ids(state), per_minute=60_000).items) == ids(state)
        assert len(server.documents) == requests


def test_a_server_that_takes_not_even_one_question_refuses() -> None:
    state = crowd(120)
    with without_flaws(StashBoxServer(state, most_fields=0)) as server:
        with pytest.raises(StashBoxRefused, match="exceeds the limit"):
            found(server, ids(state))
        assert len(server.documents) == 3


def test_merged_performers_are_followed_to_who_is_left(server: StashBoxServer) -> None:
    first, second, third, fourth, fifth, *_ = ids(server.state)
    server.state.merge("performers", [first], second)
    server.state.merge("performers", [second], third)
    server.state.merge("performers", [fourth], fifth)
    server.state.delete("performers", fifth)

    async def follow(box: StashBoxClient) -> Any:
        read = await box.by_ids(PERFORMERS, [first, second, third, fourth, fifth])
        assert [one.deleted for one in read.items.values()] == [True, True, False, True, True]
        return await successors(box, list(read.items.values()))

    led = Asked(server.endpoint).run(follow)
    assert {origin: one and one.id for origin, one in led.items()} == {first: third, second: third, fourth: None}


def test_what_was_deleted_or_merged_is_told_since_a_moment(server: StashBoxServer) -> None:
    first, second, third, *_ = ids(server.state)
    server.state.delete("performers", first)
    deletion = Asked(server.endpoint).run(lambda box: listed(box.removed(PERFORMERS, None)))[0][0]
    assert (deletion.gone, deletion.into) == ((first,), "")
    server.state.merge("performers", [second], third)
    pages = Asked(server.endpoint).run(lambda box: listed(box.removed(PERFORMERS, deletion.closed)))
    told = [(one.gone, one.into) for page in pages for one in page]
    assert told == [((first,), ""), ((second,), third)]


def test_everything_is_listed_the_latest_change_first(server: StashBoxServer) -> None:
    pages = Asked(server.endpoint).run(lambda box: listed(box.changed(PERFORMERS, None)))
    assert [len(page.items) for page in pages] == [PAGE, 20]
    assert [one.id for page in pages for one in page.items] == ids(server.state)[::-1]
    assert {page.total for page in pages} == {120}


def test_only_what_changed_since_a_moment_is_read(server: StashBoxServer) -> None:
    wanted = ids(server.state)
    before = Asked(server.endpoint).run(lambda box: listed(box.changed(PERFORMERS, None)))[0].items[0].updated
    server.state.put("performers", id=wanted[7], name="Renamed")
    server.documents.clear()
    (page,) = Asked(server.endpoint).run(lambda box: listed(box.changed(PERFORMERS, before)))
    # The one that was the newest comes again, as more may have happened at its moment.
    assert [one.id for one in page.items] == [wanted[7], wanted[-1]]
    assert len(server.documents) == 1


def test_nothing_is_passed_over_when_something_is_deleted_while_it_is_read() -> None:
    state = crowd(250)
    wanted = ids(state)
    with without_flaws(StashBoxServer(state)) as server:

        async def read(box: StashBoxClient) -> list[str]:
            seen: list[str] = []
            async for page in box.changed(PERFORMERS, None):
                if not seen:
                    state.delete("performers", wanted[-1])
                    state.delete("performers", wanted[-2])
                seen += [one.id for one in page.items]
            return seen

        seen = Asked(server.endpoint).run(read)
    assert set(seen) == set(wanted)


def fingerprinted(count: int) -> State:
    return State(
        {
            "scenes": [
                {"title": f"Scene {number}", "fingerprints": [{"hash": f"{number + 1:x}", "algorithm": "PHASH"}]}
                for number in range(count)
            ]
        }
    )


@pytest.mark.parametrize("profile", Profile)
def test_videos_are_matched_40_at_once_and_answered_in_order(profile: Profile) -> None:
    asked = [[Fingerprint(Algorithm.PHASH, number + 1)] for number in range(100)]
    asked[3] = []
    asked[4] = [Fingerprint(Algorithm.OSHASH, 5)]
    with without_flaws(StashBoxServer(fingerprinted(90), profile)) as server:
        matches = Asked(server.endpoint).run(lambda box: box.matches(asked))
        assert len(server.documents) == (4 if profile is Profile.REDUCED else 3)
    titles = [[match.scene.title for match in group] for group in matches]
    assert titles == [[f"Scene {number}"] if number < 90 and number not in (3, 4) else [] for number in range(100)]
    assert {match.evidence[0].distance for group in matches for match in group} == {0}


def test_videos_without_fingerprints_take_no_request(server: StashBoxServer) -> None:
    assert Asked(server.endpoint).run(lambda box: box.matches([[], []])) == [(), ()]
    assert not server.documents


def test_performers_are_searched_by_name_and_id() -> None:
    state = crowd(20)
    with without_flaws(StashBoxServer(state)) as server:
        asked = Asked(server.endpoint)
        first, *_ = asked.run(lambda box: box.search(PERFORMERS, "Person 007", 3))
        assert first.name == "Person 007"
        assert [one.name for one in asked.run(lambda box: box.search(PERFORMERS, ids(state)[5], 3))] == ["Person 005"]


HOSTILE = {
    "10 kB": "x" * 10_000,
    "markup": '<img src=x onerror="alert(1)">',
    "right to left": "\u202egpj.exe\u202c \u05d0\u05d1",
    "NUL": "a\0b",
    "empty": "",
    "quotes": "'; DROP TABLE performers; -- \"\\",
    "emoji": "👩‍👩‍👧",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_pass_through_as_data(name: str) -> None:
    text = HOSTILE[name]
    row = {"name": text, "aliases": [text], "disambiguation": text, "birth_date": text, "country": text}
    state = State({"performers": [row], "tags": [{"name": text, "description": text}]})
    with without_flaws(StashBoxServer(state)) as server:
        (one,) = ids(state)
        performer = found(server, [one]).items[one]
    assert (performer.name, performer.aliases, performer.disambiguation) == (text, (text,), text)
    assert (performer.birth_date, performer.country) == (text, text)


def test_a_date_that_is_none_passes_through() -> None:
    state = State({"performers": [{"name": "Bad", "birth_date": "yesterday"}]})
    with without_flaws(StashBoxServer(state)) as server:
        (one,) = ids(state)
        assert found(server, [one]).items[one].birth_date == "yesterday"
