"""A Stash, or what pretends to be one, must not cost more than it may, lead elsewhere, or learn or spread the key."""

import gzip
import json
import logging
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from tests.scripted_server import Asked, Told, graphql, scripted
from tests.stash_library import IMPATIENT, asked, library

from stash_sense.adapters.stash.client import StashClient
from stash_sense.errors import (
    StashAnswerTooLarge,
    StashDocumentRefused,
    StashError,
    StashIdUnknown,
    StashMediaMissing,
    StashMediaOdd,
    StashRedirected,
    StashRefused,
)
from stash_sense.fakes.stash.server import simulated_stash
from stash_sense.library.kinds import PERFORMERS, SCENES, TAGS
from stash_sense.library.people import Performer

KEY = "eyJhbGciOiJIUzI1NiJ9.secret.key"
JSON = {"content-type": "application/json"}
HOSTILE = [
    "x" * 10_000,
    "<img src=x onerror=alert(1)>",
    "\u202eevil\u202c",
    "nul\x00inside",
    "'; DROP TABLE performers; --",
    "{{7*7}} ${jndi:ldap://x}",
    "line\nbreak\ttab",
    "👩‍👩‍👧 é́́",
    "%_%",
    "",
]


def megabytes(count: int) -> Iterator[bytes]:
    yield b'{"data": {"x": "'
    for _ in range(count):
        yield b"x" * 1_000_000


def test_an_answer_of_a_gigabyte_is_cut_off_at_the_cap() -> None:
    with scripted(lambda _: Told(200, JSON, chunks=megabytes(1000))) as server:
        tracemalloc.start()
        try:
            with pytest.raises(StashAnswerTooLarge) as caught:
                asked(server.url, lambda client: client.reader.count(SCENES))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "300,000" in str(caught.value)
    assert peak < 20_000_000


def test_an_answer_that_is_announced_as_too_large_is_not_read() -> None:
    told = Told(200, {**JSON, "content-length": str(10**12)}, chunks=megabytes(0))
    with scripted(lambda _: told) as server, pytest.raises(StashAnswerTooLarge):
        asked(server.url, lambda client: client.reader.count(SCENES))


def test_what_unpacks_to_far_too_much_is_cut_off_while_it_is_unpacked() -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    with scripted(lambda _: Told(200, {**JSON, "content-encoding": "gzip"}, bomb)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(StashAnswerTooLarge):
                asked(server.url, lambda client: client.reader.count(SCENES))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000


def test_a_packed_answer_within_the_cap_is_read() -> None:
    packed = gzip.compress(json.dumps({"data": {"findScenes": {"count": 7}}}).encode())
    with scripted(lambda _: Told(200, {**JSON, "content-encoding": "gzip"}, packed)) as server:
        assert asked(server.url, lambda client: client.reader.count(SCENES)) == 7


def test_an_encoding_within_an_encoding_is_refused() -> None:
    packed = gzip.compress(zlib.compress(b"{}"))
    told = Told(200, {**JSON, "content-encoding": "gzip, gzip"}, packed)
    with scripted(lambda _: told) as server, pytest.raises(StashError):
        asked(server.url, lambda client: client.reader.count(SCENES))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_named_and_not_followed(status: int) -> None:
    with scripted(lambda _: Told(200)) as other:
        target = f"{other.url}/graphql?apikey={KEY}"
        with scripted(lambda _: Told(status, {"location": target})) as server:
            with pytest.raises(StashRedirected) as caught:
                asked(server.url, lambda client: client.reader.count(SCENES), KEY)
            with pytest.raises(StashRedirected):
                asked(server.url, lambda client: client.media.picture("/scene/1/screenshot"), KEY)
        assert other.asked == []
    assert other.url in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "location", ["http://[broken", "javascript:alert(1)", "\x7f", "//", "http://" + "x" * 30_000]
)
def test_a_redirect_to_nonsense_is_an_error_of_ours(location: str) -> None:
    told = Told(302, {"location": location})
    with scripted(lambda _: told) as server, pytest.raises(StashError) as caught:
        asked(server.url, lambda client: client.reader.count(SCENES))
    assert len(str(caught.value)) < 1000


def test_pictures_are_asked_for_at_the_users_stash_whoever_wrote_the_address() -> None:
    picture = Told(200, {"content-type": "image/jpeg"}, b"\xff\xd8")
    with scripted(lambda _: picture) as other, scripted(lambda _: picture) as server:
        for address in (f"{other.url}/scene/1/screenshot", f"//{other.url[7:]}/scene/1/screenshot"):
            found = asked(server.url, lambda client, address=address: client.media.picture(address), KEY)  # type: ignore[misc]
            assert found.content == b"\xff\xd8"
        assert other.asked == []
        assert [request.path for request in server.asked] == ["/scene/1/screenshot"] * 2


def test_the_key_goes_in_a_header_and_in_no_address() -> None:
    with scripted(lambda _: graphql({"findScenes": {"count": 1}})) as server:
        asked(server.url, lambda client: client.reader.count(SCENES), KEY)
    request = server.asked[0]
    assert request.headers["apikey"] == KEY
    assert KEY not in request.path
    assert KEY.encode() not in request.body


def test_no_header_that_locks_stash_is_ever_sent() -> None:
    with scripted(lambda _: graphql({"findScenes": {"count": 1}})) as server:
        asked(server.url, lambda client: client.reader.count(SCENES), KEY)
    assert not [name for name in server.asked[0].headers if name.startswith(("x-forwarded", "forwarded"))]


def test_no_cookie_is_kept_or_sent() -> None:
    told = Told(200, {**JSON, "set-cookie": "session=stolen; Path=/"}, b'{"data": {"findScenes": {"count": 1}}}')

    async def twice(client: StashClient) -> None:
        await client.reader.count(SCENES)
        await client.reader.count(SCENES)

    with scripted(lambda _: told) as server:
        asked(server.url, twice)
    assert ["cookie" in request.headers for request in server.asked] == [False, False]


def test_no_secret_reaches_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def script(request: Asked) -> Told:
        if request.method == "GET":
            return Told(404)
        return graphql(None, f"Get http://x/scene/1/stream?apikey={KEY}: refused\n{KEY}")

    with scripted(script) as server:
        url = server.url.replace("http://", "http://owner:pass-word@")
        with pytest.raises(StashRefused) as refused:
            asked(url, lambda client: client.reader.count(SCENES), KEY)
        with pytest.raises(StashMediaMissing) as missing:
            asked(url, lambda client: client.media.picture(f"{server.url}/scene/1/stream?apikey={KEY}"), KEY)
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    told = [str(refused.value), repr(refused.value), str(missing.value), repr(missing.value), caplog.text]
    for text in told:
        assert KEY not in text
        assert "pass-word" not in text


def test_secrets_are_not_in_what_is_printed_of_values() -> None:
    async def values(client: StashClient) -> str:
        return repr((client.media.stream("1"), await client.server.configuration()))

    boxes = [{"name": "Box", "endpoint": "https://x", "api_key": "box-key", "max_requests_per_minute": 0}]
    with simulated_stash(library={**library(), "configuration": {"stashBoxes": boxes}}, api_key=KEY) as stash:
        shown = asked(stash.url, values, KEY)
    assert "Box" in shown
    assert "box-key" not in shown
    assert KEY not in shown


def test_what_a_server_says_is_shown_as_one_short_line_that_cannot_turn_round() -> None:
    words = "bad\r\nthing \x1b[31m\u202e" + "x" * 100_000
    with scripted(lambda _: graphql(None, words)) as server, pytest.raises(StashRefused) as caught:
        asked(server.url, lambda client: client.reader.count(SCENES))
    shown = str(caught.value)
    assert len(shown) < 600
    assert shown.isprintable()


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_pass_through_as_data(hostile: str) -> None:
    name = f"name {hostile}"

    async def there_and_back(client: StashClient) -> tuple[Performer, tuple[Performer, ...]]:
        fields = {"name": name, "details": hostile, "urls": [f"https://x/{hostile}"], "tattoos": hostile}
        made = await client.writer.create_performer(fields)
        return made, await client.reader.named(PERFORMERS, name)

    with simulated_stash(library=library()) as stash:
        made, found = asked(stash.url, there_and_back)
    assert (made.details, made.tattoos) == (hostile.strip(), hostile.strip())
    assert [performer.id for performer in found] == [made.id]


def test_dates_that_are_none_pass_through_as_data() -> None:
    row = {"id": "1", "name": "x", "updated_at": "2026-11-20T10:00:00+11:00", "created_at": "2026-11-20T10:00:00Z"}
    lists: dict[str, list[str]] = {"alias_list": [], "tags": [], "stash_ids": []}
    blank = dict.fromkeys(
        [
            "disambiguation",
            "gender",
            "death_date",
            "country",
            "ethnicity",
            "eye_color",
            "hair_color",
            "height_cm",
            "weight",
            "measurements",
            "fake_tits",
            "penis_length",
            "circumcised",
            "career_length",
            "tattoos",
            "piercings",
            "details",
            "urls",
            "rating100",
            "image_path",
        ]
    )
    counts = dict.fromkeys(("scene_count", "image_count", "gallery_count"), 0)
    answer = {
        **row,
        **lists,
        **blank,
        **counts,
        "birthdate": "yesterday",
        "favorite": False,
        "ignore_auto_tag": False,
    }

    def script(request: Asked) -> Told:
        if "query Features" in request.query:
            return graphql({})
        return graphql({"findPerformers": {"performers": [{**answer, "custom_fields": None}]}})

    with scripted(script) as server:
        found = asked(server.url, lambda client: client.reader.by_ids(PERFORMERS, ["1"]))
    assert found["1"].birthdate == "yesterday"
    assert found["1"].custom_fields == {}


def test_half_characters_are_replaced_so_that_they_can_be_stored() -> None:
    body = b'{"data": null, "errors": [{"message": "half \\ud800 of one"}]}'
    with scripted(lambda _: Told(200, JSON, body)) as server, pytest.raises(StashRefused) as caught:
        asked(server.url, lambda client: client.reader.count(SCENES))
    assert "half" in str(caught.value).encode().decode()


def test_ids_that_do_not_rise_do_not_keep_anybody_reading_for_ever() -> None:
    row = {"id": "1"}

    async def all_pages(client: StashClient) -> None:
        async for _ in client.reader.pages(TAGS, size=1):
            pass

    def script(request: Asked) -> Told:
        tag = {
            **row,
            **dict.fromkeys(("name", "sort_name", "description"), "x"),
            **{name: [] for name in ("aliases", "parents", "stash_ids")},
            **dict.fromkeys(("created_at", "updated_at"), "2026-11-20T10:00:00Z"),
            **dict.fromkeys(("favorite", "ignore_auto_tag"), False),
            "scene_count": 0,
        }
        return graphql({"before": {"tags": [row]}, "findTags": {"count": 1, "tags": [tag]}})

    with scripted(script) as server, pytest.raises(StashError):
        asked(server.url, all_pages)


def test_an_id_that_was_not_asked_for_cannot_make_a_loop() -> None:
    with scripted(lambda _: graphql(None, "scene with id 999 not found")) as server, pytest.raises(StashIdUnknown):
        asked(server.url, lambda client: client.reader.by_ids(SCENES, ["1", "2"]))
    assert len(server.asked) == 1


def test_a_server_that_refuses_every_document_is_not_asked_for_ever() -> None:
    def script(request: Asked) -> Told:
        if "systemStatus" in request.query:
            state = {"version": {"version": "v9"}, "systemStatus": {"appSchema": 99, "status": "OK", "os": "x"}}
            return graphql(state)
        if "query Features" in request.query:
            return graphql({"performer": {"name": "Performer", "fields": [{"name": f"field{len(server.asked)}"}]}})
        return graphql(None, "Cannot query field", status=422, code="GRAPHQL_VALIDATION_FAILED")

    with scripted(script) as server, pytest.raises(StashDocumentRefused):
        asked(server.url, lambda client: client.reader.by_ids(PERFORMERS, ["1"]))
    assert len(server.asked) < 8


@pytest.mark.parametrize(
    "address", ["", "http://[broken/scene/1", "/scene/1/\x00", "/scene/" + "x" * 70_000, "/scene/1?\x7f\n", "//"]
)
def test_an_address_that_is_none_is_an_error_of_ours(address: str) -> None:
    with scripted(lambda _: Told(404)) as server, pytest.raises(StashError):
        asked(server.url, lambda client: client.media.picture(address), KEY)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (Told(200, {"content-type": "text/plain"}, b"hello"), StashMediaOdd),
        (Told(200, {"content-type": "image/jpeg"}, b""), StashMediaOdd),
        (Told(206, {"content-type": "image/jpeg"}, b"x"), StashMediaOdd),
        (Told(404), StashMediaMissing),
    ],
)
def test_what_is_no_picture_is_not_given_as_one(told: Told, error: type[StashError]) -> None:
    with scripted(lambda _: told) as server, pytest.raises(error):
        asked(server.url, lambda client: client.media.picture("/scene/1/screenshot"))


def test_a_picture_above_its_cap_is_not_read_whole() -> None:
    told = Told(200, {"content-type": "image/jpeg"}, chunks=megabytes(500))
    with scripted(lambda _: told) as server, pytest.raises(StashAnswerTooLarge):
        asked(server.url, lambda client: client.media.picture("/image/1/image", 2_000_000), limits=IMPATIENT)
