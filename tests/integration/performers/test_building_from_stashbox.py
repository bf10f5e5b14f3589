"""Databases built of the performers of a stash-box, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes_faces import BLUE, GREEN, RED, YELLOW
from tests.people_servers import BEGINNING, Servers, png, serving
from tests.performers_builds import Workshop, codes, stopping_at

from stash_sense.errors import AddressPrivate, Cancelled, PerformersLost, StashBoxBusy, StashBoxKeyWrong
from stash_sense.fakes.graphql.faults import Fault
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.combined_source import CombinedSource, Part
from stash_sense.performers.building.sources import FolderSource
from stash_sense.performers.ids import domain_at
from stash_sense.performers.reader import StoredPerformer, read_performers
from stash_sense.performers.versions.forgotten import remember_forgotten


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with serving(tmp_path) as servers:
        yield servers


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def linked(box: StashBoxServer, *ids: str) -> list[dict[str, str]]:
    at = BEGINNING.isoformat()
    return [{"endpoint": box.endpoint, "stash_id": one, "updated_at": at} for one in ids]


def people(workshop: Workshop) -> dict[str, StoredPerformer]:
    current = workshop.library.require()
    return {one.record.name: one for one in read_performers(current.folder, current.manifest)}


def names(box: StashBoxServer) -> list[str | None]:
    asked = [operation.name for operation in box.documents]
    box.documents.clear()
    return asked


def uuid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def crowd(servers: Servers, count: int) -> StashBoxServer:
    """People in every colour and size, one picture each."""
    pictures = {
        f"i{number}": png((RED, GREEN, BLUE, YELLOW)[number % 4], 40 + number % 100) for number in range(count)
    }
    rows: list[dict[str, Any]] = [
        {"id": uuid(number), "name": f"P{number}", "images": [f"i{number}"]} for number in range(count)
    ]
    return servers.box(rows, pictures)


def test_everybody_with_pictures_is_in_it_but_who_was_deleted_or_merged(servers: Servers, workshop: Workshop) -> None:
    box = servers.box(
        [
            {
                "id": "p1",
                "name": "Ann",
                "images": ["i1", "i2"],
                "aliases": ["Annie"],
                "birth_date": "yesterday",
                "height": 170,
                "urls": [{"url": "https://example.org/ann", "site": {"id": "1", "name": "Example"}}],
            },
            {"id": "p2", "name": "Bea", "images": ["i3"]},
            {"id": "p3", "name": "Cem", "images": ["i4"]},
            {"id": "p4", "name": "No picture"},
        ],
        {"i1": png(RED), "i2": png(RED, 70), "i3": png(BLUE), "i4": png(GREEN)},
    )
    box.state.delete("performers", "p2")
    box.state.merge("performers", ["p3"], "p1")

    report = workshop.build(source=servers.box_source(box))

    domain = domain_at(box.endpoint)
    (ann,) = people(workshop).values()
    assert ann.record.universal_id == f"{domain}:p1"
    assert [alias.name for alias in ann.record.aliases] == ["Annie"]
    assert (ann.record.birth_date, ann.record.height_cm) == (None, 170)
    assert ann.record.urls == ("https://example.org/ann",)
    assert {(face.source, face.image_url) for face in ann.faces} == {
        (domain, f"{box.url}/images/i1"),
        (domain, f"{box.url}/images/i2"),
    }
    assert report.manifest.sources == (domain,)
    assert sorted(servers.fetched) == ["i1", "i2"]


def test_a_second_build_fetches_nothing_that_did_not_change(servers: Servers, workshop: Workshop) -> None:
    box = servers.box(
        [{"id": "p1", "name": "Ann", "images": ["i1"]}, {"id": "p2", "name": "Bea", "images": ["i2"]}],
        {"i1": png(RED), "i2": png(BLUE), "i3": png(RED, 70)},
    )
    workshop.build(source=servers.box_source(box))
    servers.fetched.clear()

    second = workshop.build(source=servers.box_source(box))
    assert (servers.fetched, second.reused, second.unchanged) == ([], 2, True)

    images = [{"id": one, "width": 320, "height": 200} for one in ("i1", "i3")]
    box.state.put("performers", id="p1", images=images)
    third = workshop.build(source=servers.box_source(box))
    assert (servers.fetched, third.described, third.reused) == (["i3"], 1, 2)


def test_so_many_pictures_of_one_person_are_fetched_and_no_more(servers: Servers, workshop: Workshop) -> None:
    images = [f"i{number}" for number in range(12)]
    pictures = {one: png(RED, 40 + 5 * number) for number, one in enumerate(images)}
    box = servers.box([{"id": "p1", "name": "Ann", "images": images}], pictures)
    workshop.build(source=servers.box_source(box))
    assert sorted(servers.fetched) == sorted(images[:10])
    servers.fetched.clear()
    workshop.build(source=servers.box_source(box, most=3))
    assert servers.fetched == []


def test_only_people_of_the_library_are_asked_for_many_at_once(servers: Servers, workshop: Workshop) -> None:
    box = crowd(servers, 80)
    box.state.delete("performers", uuid(7))
    for number in range(60):
        servers.stash.performer(f"Mine {number}", stash_ids=linked(box, uuid(number)))
    servers.stash.performer(
        "Somebody else's", stash_ids=[{"endpoint": "https://a.org/graphql", "stash_id": uuid(70)}]
    )
    servers.stash.performer("Nobody", stash_ids=linked(box, uuid(999)))

    report = workshop.build(source=servers.box_source(box, mine=True))

    assert report.pictures == 59
    assert len(names(box)) == 2
    assert {one.record.universal_id.rpartition(":")[2] for one in people(workshop).values()} <= {
        uuid(number) for number in range(60)
    }


def test_questions_keep_to_the_rate_of_the_endpoint(servers: Servers, workshop: Workshop) -> None:
    box = crowd(servers, 250)
    source = servers.box_source(box, per_minute=60)
    assert sum(1 for _ in source.performers(CancelToken())) == 250
    asked = len(names(box))
    assert asked <= 4
    assert servers.clock.now() >= asked - 1


def test_an_endpoint_that_wants_to_be_left_alone_or_another_key_is_said(servers: Servers, workshop: Workshop) -> None:
    box = servers.box([{"id": "p1", "name": "Ann", "images": ["i1"]}], {"i1": png(RED)}, users={"key": User()})
    with pytest.raises(StashBoxKeyWrong):
        workshop.build(source=servers.box_source(box, key="a.wrong.key"))
    box.faults.add(Fault("429", retry_after="3600"))
    with pytest.raises(StashBoxBusy):
        workshop.build(source=servers.box_source(box, key="key"))
    box.faults.clear()
    box.faults.add(Fault("429", times=2, retry_after="5"))
    assert workshop.build(source=servers.box_source(box, key="key")).described == 1
    assert servers.clock.now() >= 5


def test_a_build_that_was_stopped_goes_on_where_it_was(servers: Servers, workshop: Workshop) -> None:
    box = crowd(servers, 40)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        workshop.build(source=servers.box_source(box), cancel=cancel, progress=stopping_at(cancel, "describing", 16))
    servers.fetched.clear()
    report = workshop.build(source=servers.box_source(box))
    assert (report.pictures, report.reused, len(servers.fetched)) == (40, 16, 24)


def test_pictures_that_are_not_there_are_left_out_until_there_are_too_many(
    servers: Servers, workshop: Workshop
) -> None:
    box = servers.box(
        [{"id": f"p{number}", "name": f"P{number}", "images": [f"i{number}"]} for number in range(30)],
        {f"i{number}": b"no picture" for number in range(29)} | {"i29": png(RED)},
    )
    report = workshop.build(source=servers.box_source(box))
    assert report.left_out == {"bad_picture": 29}

    box = crowd(servers, 30)
    source = servers.box_source(box)
    source._pictures._fetch = refuse
    with pytest.raises(PerformersLost, match="The stash-box"):
        workshop.build(source=source)


def refuse(url: str, cancel: CancelToken) -> bytes:
    raise AddressPrivate(address=url)


def test_who_was_forgotten_stays_so_when_merged_into_a_new_entry(servers: Servers, workshop: Workshop) -> None:
    box = crowd(servers, 3)
    box.state.merge("performers", [uuid(0)], uuid(1))
    workshop.library.folder.mkdir(parents=True)
    remember_forgotten(workshop.library.folder, {f"{domain_at(box.endpoint)}:{uuid(0)}"})
    report = workshop.build(source=servers.box_source(box))
    assert codes(report) == [("forgotten", "P1")]
    assert list(people(workshop)) == ["P2"]
    assert servers.fetched == ["i2"]


def test_a_stash_a_stash_box_and_a_folder_together_know_one_person_as_one(
    servers: Servers, workshop: Workshop
) -> None:
    box = servers.box(
        [
            {"id": "p1", "name": "Ann Box", "images": ["i1"], "country": "DE"},
            {"id": "p2", "name": "Bea", "images": ["i2"]},
        ],
        {"i1": png(RED), "i2": png(BLUE)},
    )
    domain = domain_at(box.endpoint)
    servers.stash.performer("Ann", png(RED, 70), stash_ids=linked(box, "p1"), gender="FEMALE")
    servers.stash.performer("Cem", png(GREEN))
    folder = workshop.people / "Ann of the folder"
    folder.mkdir()
    (folder / "one.png").write_bytes(png(RED, 80))
    (folder / "performer.json").write_text(f'{{"stashbox_ids": [{{"endpoint": "{domain}", "id": "p1"}}]}}')
    parts: list[Part] = [servers.stash_source(), servers.box_source(box), FolderSource(workshop.people)]

    report = workshop.build(source=CombinedSource(parts))

    ann = people(workshop)["Ann"]
    assert sorted(people(workshop)) == ["Ann", "Bea", "Cem"]
    assert (ann.record.universal_id, ann.record.gender, ann.record.country) == (f"{domain}:p1", "FEMALE", "DE")
    assert sorted(alias.name for alias in ann.record.aliases) == ["Ann Box", "Ann of the folder"]
    assert sorted((face.source, face.image_url) for face in ann.faces if face.image_url is None) == [
        ("folder", None),
        ("stash", None),
    ]
    assert [face.image_url for face in ann.faces if face.source == domain] == [f"{box.url}/images/i1"]
    assert report.manifest.sources == (domain, "a folder of pictures", "a Stash library")
    again = workshop.build(source=CombinedSource(list(reversed(parts))))
    assert (again.described, again.reused) == (0, 5)


def test_what_one_source_knows_of_pictures_serves_those_it_is_combined_with(
    servers: Servers, workshop: Workshop
) -> None:
    box = crowd(servers, 6)
    for number in range(3):
        servers.stash.performer(f"Mine {number}", png(RED, 50 + number), stash_ids=linked(box, uuid(number)))
    workshop.build(source=servers.box_source(box))
    workshop.build(source=servers.stash_source())
    servers.fetched.clear()
    servers.stash.pictures_asked()

    mine = workshop.build(source=servers.box_source(box, mine=True))
    assert (mine.pictures, mine.described, servers.fetched) == (3, 0, [])
    both = workshop.build(source=CombinedSource([servers.stash_source(), servers.box_source(box)]))
    assert (both.pictures, both.described, servers.fetched) == (9, 0, [])
    assert servers.stash.pictures_asked() == []
