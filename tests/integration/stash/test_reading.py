import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.scripted_server import Asked, Told, graphql, scripted
from tests.stash_library import AT, ENDPOINT, asked, dated, library, scene

from stash_sense.adapters.stash.client import StashClient
from stash_sense.errors import StashRefused
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS, Kind
from stash_sense.library.ports import Library
from stash_sense.library.reading import BEGINNING, IDS_ON_A_PAGE, Cursor, Scope
from stash_sense.library.server import REQUESTS_PER_MINUTE


async def ids(client: StashClient, kind: Kind[Any], size: int, cursor: Cursor = BEGINNING, **scope: Any) -> list[str]:
    found: list[str] = []
    async for page in client.reader.pages(kind, Scope(**scope), cursor, size):
        found += [item.id for item in page.items]
    return found


def people(count: int) -> dict[str, Any]:
    return {"performers": [dated(AT, id=str(number), name=f"Performer {number}") for number in range(1, count + 1)]}


def test_the_client_is_a_library() -> None:
    async def work(client: StashClient) -> str:
        used: Library = client
        return used.address

    assert asked("http://nas:9999/", work) == "http://nas:9999"


def test_a_scene_has_everything_that_it_is_connected_with() -> None:
    with simulated_stash(library=library()) as stash:
        found = asked(stash.url, lambda client: client.reader.one(SCENES, "1"))
    assert found is not None
    assert (found.title, found.organized, found.rating100) == ("Scene 1", False, None)
    assert (found.studio_id, found.performer_ids, found.tag_ids, found.gallery_ids) == ("1", ("1",), ("1",), ("1",))
    assert found.updated_at == datetime.fromisoformat(AT)
    file = found.file
    assert file is not None
    assert (file.path, file.size, file.duration, file.width, file.height) == (
        "/library/scene 1.mp4",
        1001,
        61.5,
        640,
        360,
    )
    assert file.phash == 1
    assert [(print_.kind, print_.number) for print_ in file.fingerprints] == [("oshash", 1), ("phash", 1)]
    assert found.paths.screenshot.startswith(f"{stash.url}/scene/1/screenshot")
    assert found.paths.sprite == f"{stash.url}/scene/{1:016x}_sprite.jpg"
    assert found.paths.vtt.endswith("_thumbs.vtt")


def test_images_galleries_and_people_are_read() -> None:
    async def work(client: StashClient) -> tuple[Any, ...]:
        reader = client.reader
        return (
            await reader.one(IMAGES, "1"),
            await reader.one(GALLERIES, "1"),
            await reader.one(PERFORMERS, "2"),
            await reader.one(STUDIOS, "1"),
            await reader.one(TAGS, "2"),
        )

    with simulated_stash(library=library()) as stash:
        image, gallery, performer, studio, tag = asked(stash.url, work)
    assert (image.title, image.gallery_ids) == ("Image 1", ("1",))
    assert image.thumbnail.startswith(f"{stash.url}/image/1/thumbnail")
    assert (gallery.title, gallery.path, gallery.image_count) == ("A gallery", "", 2)
    assert (performer.name, performer.id_at(ENDPOINT), performer.picture) == ("Bob_Example", "b", "")
    assert (studio.name, studio.parent_id) == ("Big House", None)
    assert (tag.name, tag.parent_ids) == ("Beach", ())


def test_addresses_are_those_below_the_sub_path_that_the_user_named() -> None:
    with simulated_stash(library=library(), prefix="/stash") as stash:
        found = asked(stash.url, lambda client: client.reader.one(SCENES, "1"))
        picture = asked(stash.url, lambda client: client.media.picture(found.paths.screenshot if found else ""))
    assert found is not None
    assert found.paths.screenshot.startswith(f"{stash.url}/scene/1/")
    assert stash.url.endswith("/stash")
    assert picture.content_type.startswith("image/")


@pytest.mark.parametrize("kind", [SCENES, PERFORMERS], ids=lambda kind: kind.plural)
@pytest.mark.parametrize("size", [1, 3, 10, 20, 1000])
def test_pages_hold_everything_once_and_by_rising_id(kind: Kind[Any], size: int) -> None:
    with simulated_stash(
        library={**people(20), "scenes": [scene(number) for number in range(1, 21)]} | untied()
    ) as stash:
        found = asked(stash.url, lambda client: ids(client, kind, size))
    assert found == [str(number) for number in range(1, 21)]


def untied() -> dict[str, Any]:
    """What scene 1 of the small library is connected with."""
    return {name: rows for name, rows in library(0).items() if name in ("tags", "studios", "galleries")}


@pytest.mark.parametrize("kind", [SCENES, TAGS], ids=lambda kind: kind.plural)
def test_the_first_page_alone_tells_how_many_there_are(kind: Kind[Any]) -> None:
    async def totals(client: StashClient) -> list[int | None]:
        return [page.total async for page in client.reader.pages(kind, size=1)]

    with simulated_stash(library=library(2)) as stash:
        assert [total for total in asked(stash.url, totals) if total is not None] == [2]


@pytest.mark.parametrize("kind", [SCENES, PERFORMERS], ids=lambda kind: kind.plural)
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_reading_goes_on_after_a_cursor_without_leaving_out_or_repeating(kind: Kind[Any], stop: int) -> None:
    async def in_two(client: StashClient) -> list[str]:
        found, cursor, read = [], BEGINNING, 0
        async for page in client.reader.pages(kind, size=3):
            found += [item.id for item in page.items]
            cursor, read = page.cursor, read + 1
            if read == stop:
                break
        kept = Cursor(**dataclasses.asdict(cursor))
        return found + await ids(client, kind, 4, kept)

    with simulated_stash(library={**people(17), **scenes_only(17)}) as stash:
        assert asked(stash.url, in_two) == [str(number) for number in range(1, 18)]


def scenes_only(count: int) -> dict[str, Any]:
    return {"scenes": [{**scene(number + 1), "id": str(number)} for number in range(1, count + 1)]}


@pytest.mark.parametrize("kind", [SCENES, IMAGES, GALLERIES, PERFORMERS, STUDIOS, TAGS], ids=lambda kind: kind.plural)
def test_ids_alone_are_those_of_everything(kind: Kind[Any]) -> None:
    async def work(client: StashClient) -> tuple[list[Any], list[str]]:
        return [page async for page in client.reader.ids(kind)], await ids(client, kind, 500)

    with simulated_stash(library=library()) as stash:
        (page,), whole = asked(stash.url, work)
    assert list(page.items) == whole
    assert page.total == len(whole)


@pytest.mark.parametrize("kind", [SCENES, PERFORMERS], ids=lambda kind: kind.plural)
def test_many_ids_take_few_requests_and_what_was_deleted_is_not_among_them(kind: Kind[Any]) -> None:
    many = IDS_ON_A_PAGE + 10
    gone = iter([["9"], [], []])

    async def work(client: StashClient) -> list[str]:
        found: list[str] = []
        await client.writer.destroy(kind, ["7"])
        stash.requests.clear()
        async for page in client.reader.ids(kind):
            found += page.items
            await client.writer.destroy(kind, next(gone))
        return found

    named = {"title": ""} if kind is SCENES else {"name": "x"}
    rows = [dated(AT, id=str(number), **named) for number in range(1, many + 1)]
    with simulated_stash(library={kind.plural: rows}) as stash:
        assert asked(stash.url, work) == [str(number) for number in range(1, many + 1) if number != 7]
        assert len(stash.requests) == (3 if kind is SCENES else 5)  # where the page moved, it is looked for again


def test_ids_of_a_scope_go_on_after_a_cursor() -> None:
    async def work(client: StashClient) -> list[str]:
        scope = Scope({"tags": {"value": ["1"], "modifier": "EXCLUDES"}})
        return [id_ async for page in client.reader.ids(SCENES, scope, Cursor(after=2)) for id_ in page.items]

    with simulated_stash(library=library(4)) as stash:
        assert asked(stash.url, work) == ["3", "4"]


def test_a_cursor_without_a_position_is_enough() -> None:
    with simulated_stash(library=people(17)) as stash:
        found = asked(stash.url, lambda client: ids(client, PERFORMERS, 4, Cursor(after=10)))
    assert found == [str(number) for number in range(11, 18)]


@pytest.mark.parametrize("kind", [SCENES, PERFORMERS], ids=lambda kind: kind.plural)
@pytest.mark.parametrize("gone", [["1"], ["1", "2", "3", "4", "5"], ["3", "6"]])
def test_what_is_deleted_while_pages_are_read_makes_nobody_else_missing(kind: Kind[Any], gone: list[str]) -> None:
    async def work(client: StashClient) -> list[str]:
        found: list[str] = []
        async for page in client.reader.pages(kind, size=3):
            found += [item.id for item in page.items]
            if len(found) == 6:
                await client.writer.destroy(kind, gone)
        return found

    with simulated_stash(library={**people(20), **scenes_only(20)}) as stash:
        assert asked(stash.url, work) == [str(number) for number in range(1, 21)]


def test_what_is_added_while_pages_are_read_comes_at_the_end() -> None:
    async def work(client: StashClient) -> list[str]:
        found: list[str] = []
        async for page in client.reader.pages(PERFORMERS, size=3):
            found += [item.name for item in page.items]
            if len(found) == 3:
                await client.writer.create_performer({"name": "A new one"})
        return found

    with simulated_stash(library=people(7)) as stash:
        assert asked(stash.url, work)[-1] == "A new one"


def test_a_scope_is_kept_to() -> None:
    async def work(client: StashClient) -> tuple[list[str], list[str], list[str], int]:
        tagged = {"tags": {"value": ["1"], "modifier": "INCLUDES"}}
        two = {"id": {"value": 2, "modifier": "LESS_THAN"}}
        return (
            await ids(client, SCENES, 10, where=tagged),
            await ids(client, PERFORMERS, 10, words="Cid"),
            await ids(client, SCENES, 1, where=two),
            await client.reader.count(SCENES, Scope(tagged)),
        )

    with simulated_stash(library=library()) as stash:
        assert asked(stash.url, work) == (["1"], ["3"], ["1"], 1)


@pytest.mark.parametrize("size", [1, 2, 10])
def test_a_scope_of_alternatives_is_read_to_its_end(size: int) -> None:
    either = {
        "tags": {"value": ["1"], "modifier": "INCLUDES"},
        "OR": {"title": {"value": "Scene 3", "modifier": "EQUALS"}},
    }
    with simulated_stash(library=library(5)) as stash:
        assert asked(stash.url, lambda client: ids(client, SCENES, size, where=either)) == ["1", "3"]


def test_ids_that_are_not_there_are_left_out() -> None:
    async def work(client: StashClient) -> list[str]:
        return sorted(await client.reader.by_ids(SCENES, ["3", "99", "1", "98", "1"]))

    with simulated_stash(library=library()) as stash:
        assert asked(stash.url, work) == ["1", "3"]
        assert asked(stash.url, lambda client: client.reader.by_ids(PERFORMERS, ["77"])) == {}
        assert asked(stash.url, lambda client: client.reader.one(PERFORMERS, "77")) is None
        stash.requests.clear()
        assert asked(stash.url, lambda client: client.reader.by_ids(TAGS, [])) == {}
        assert not stash.requests


@pytest.mark.parametrize(
    ("name", "found"),
    [("bob_example", ["2"]), ("bobXexample", []), ("%", []), ("_____________", []), ("Cid ", ["3"])],
)
def test_a_name_is_compared_again_because_stash_takes_it_for_a_pattern(name: str, found: list[str]) -> None:
    with simulated_stash(library=library()) as stash:
        performers = asked(stash.url, lambda client: client.reader.named(PERFORMERS, name))
    assert [performer.id for performer in performers] == found


def test_duplicates_are_groups_of_ids() -> None:
    rows = [{**scene(number + 1), "id": str(number)} for number in (1, 2, 3)]
    rows[1]["files"][0]["fingerprints"][1]["value"] = rows[0]["files"][0]["fingerprints"][1]["value"]
    with simulated_stash(library={"scenes": rows}) as stash:
        groups = asked(stash.url, lambda client: client.reader.duplicates(0))
    assert [sorted(group) for group in groups] == [["1", "2"]]


def test_fields_of_0_31_are_read_where_the_server_has_them() -> None:
    async def career(client: StashClient) -> str:
        made = await client.writer.create_performer({"name": "New", "career_start": "2001"})
        return made.career_start

    with simulated_stash(library=library(), profile="0.31") as stash:
        assert asked(stash.url, career) == "2001"
    with simulated_stash(library=library(), profile="0.30") as stash:
        with pytest.raises(StashRefused) as caught:
            asked(stash.url, career)
        assert "career_start" in str(caught.value)
        assert asked(stash.url, lambda client: client.reader.by_ids(PERFORMERS, ["1"]))["1"].career_start == ""


def test_what_the_server_can_is_asked_again_when_it_was_exchanged_for_another_version() -> None:
    answers = iter(["career_start", "id"])

    def script(request: Asked) -> Told:
        if "query Features" in request.query:
            return graphql({"performer": {"name": "Performer", "fields": [{"name": next(answers)}]}})
        if "systemStatus" in request.query:
            state = {"version": {"version": None}, "systemStatus": {"appSchema": 75, "status": "OK", "os": "linux"}}
            return graphql(state)
        if "career_start" in request.query:
            return graphql(None, "Cannot query field", status=422, code="GRAPHQL_VALIDATION_FAILED")
        return graphql({"findPerformers": {"performers": []}})

    with scripted(script) as server:
        assert asked(server.url, lambda client: client.reader.by_ids(PERFORMERS, ["1"])) == {}
    assert len(server.asked) == 5


def test_endpoints_are_read_anew_each_time() -> None:
    boxes = [{"name": "Box", "endpoint": ENDPOINT, "api_key": "k", "max_requests_per_minute": 0}]

    async def work(client: StashClient, stash: SimulatedStash) -> tuple[Any, Any]:
        before = await client.server.configuration()
        stash.state.configuration.general["stashBoxes"] = [{**boxes[0], "max_requests_per_minute": 60}]
        return before, await client.server.configuration()

    with simulated_stash(library={**library(), "configuration": {"stashBoxes": boxes}}) as stash:
        before, after = asked(stash.url, lambda client: work(client, stash))
    assert [box.requests_per_minute for box in before.stash_boxes] == [REQUESTS_PER_MINUTE]
    assert [box.requests_per_minute for box in after.stash_boxes] == [60]
    assert before.stash_boxes[0].api_key == "k"


class Clock:
    """Ours and the server's, set by hand; they do not agree."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ours(self) -> datetime:
        return self.now - timedelta(hours=3)


@pytest.mark.parametrize("hours", [-11, 0, 11])
def test_only_what_changed_is_told_whatever_the_time_zone(hours: int) -> None:
    clock = Clock()

    async def work(client: StashClient) -> list[tuple[str, ...]]:
        mark = (await client.reader.changed(SCENES, await client.reader.watermark(SCENES))).watermark
        clock.pass_by(5)
        mark = (await client.reader.changed(SCENES, mark)).watermark
        told = []
        for changed in ("2", "3", ""):
            clock.pass_by(60)
            if changed:
                await client.writer.update(SCENES, changed, {"title": "New"})
            clock.pass_by(3)
            changes = await client.reader.changed(SCENES, mark)
            mark = changes.watermark
            told.append(changes.ids)
            mark = (await client.reader.changed(SCENES, mark)).watermark
            clock.pass_by(5)
            mark = (await client.reader.changed(SCENES, mark)).watermark
        return told

    zone = timezone(timedelta(hours=hours))
    with simulated_stash(library=library(), zone=zone, clock=lambda: clock.now) as stash:
        told = asked(stash.url, work, clock=clock.ours)
    assert told == [("2",), ("3",), ()]


def test_asking_what_changed_in_a_large_library_takes_one_request() -> None:
    clock = Clock()
    rows = scenes_only(30)

    async def work(client: StashClient) -> int:
        mark = await client.reader.watermark(SCENES)
        clock.pass_by(60)
        await client.reader.changed(SCENES, mark)
        return len(stash.requests)

    with simulated_stash(library=rows, clock=lambda: clock.now) as stash:
        assert asked(stash.url, work, clock=clock.ours) == 2
