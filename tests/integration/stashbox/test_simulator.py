"""The simulator answers as recorded servers do; see also tests/contract/stashbox."""

import io
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image
from tests.stashbox_boxes import without_flaws

from stash_sense.fakes.graphql.engine import Flaw
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.listing import narrowed
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.rate import Rate
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State, instant

NOBODY = "00000000-0000-0000-0000-000000000001"
ONE = "query($id:ID!){findPerformer(id:$id){id name deleted merged_ids merged_into_id scene_count}}"


def made_state(count: int = 30) -> State:
    state = State()
    for number in range(count):
        state.put("performers", name=f"Person {number:02}", aliases=[f"P{number}"])
    return state


def ids(state: State, kind: str = "performers") -> list[str]:
    return [row["id"] for row in state.listed(kind)]


@pytest.fixture
def server() -> Iterator[StashBoxServer]:
    with without_flaws(StashBoxServer(made_state())) as running:
        yield running


def asked(server: StashBoxServer, query: str, key: str = "any", **variables: Any) -> dict[str, Any]:
    reply = httpx2.post(
        server.endpoint, json={"query": query, "variables": variables}, headers={"ApiKey": key}, trust_env=False
    )
    assert reply.status_code in (200, 422), reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def page(server: StashBoxServer, **told: Any) -> dict[str, Any]:
    asking = {"page": 1, "per_page": 5, "direction": "ASC", "sort": "NAME", **told}
    query = "query($i:PerformerQueryInput!){queryPerformers(input:$i){count performers{name}}}"
    found: dict[str, Any] = asked(server, query, i=asking)["data"]["queryPerformers"]
    return found


def test_any_key_will_do_but_an_empty_one(server: StashBoxServer) -> None:
    assert asked(server, "{me{name}}")["data"] == {"me": {"name": "root"}}
    refused = asked(server, "{me{name}}", key="")
    assert refused == {"errors": [{"message": "not authorized", "path": ["me"]}], "data": {"me": None}}


def test_everything_but_the_configuration_needs_the_right_to_read() -> None:
    users = {"a.b.c": User("reader", ("READ",)), "d.e.f": User("nobody", ())}
    with without_flaws(StashBoxServer(users=users)) as server:
        assert "errors" not in asked(server, "{version{hash}}", key="a.b.c")
        assert asked(server, "{version{hash}}", key="d.e.f")["errors"][0]["message"] == "not authorized"
        assert asked(server, "{getConfig{host_url}}", key="")["data"]["getConfig"] == {"host_url": server.url}


@pytest.mark.parametrize(
    ("key", "status", "text"),
    [("nonsense", 500, "token is malformed: token contains an invalid number of segments"), ("x.y.z", 401, "")],
)
def test_a_key_that_is_none_is_refused_before_anything_is_read(key: str, status: int, text: str) -> None:
    with without_flaws(StashBoxServer(users={"a.b.c": User()})) as server:
        reply = httpx2.post(server.endpoint, json={"query": "{"}, headers={"ApiKey": key}, trust_env=False)
        assert (reply.status_code, reply.text) == (status, text)


def test_a_bad_id_in_one_alias_fails_that_alias_alone(server: StashBoxServer) -> None:
    query = "query($a:ID!,$b:ID!){a:findPerformer(id:$a){name} b:findPerformer(id:$b){name}}"
    answer = asked(server, query, a=ids(server.state)[0], b="abc")
    assert answer["data"] == {"a": {"name": "Person 00"}, "b": None}
    assert answer["errors"] == [{"message": 'uuid: incorrect UUID length 3 in string "abc"', "path": ["b", "id"]}]


def test_an_unknown_id_is_null(server: StashBoxServer) -> None:
    assert asked(server, ONE, id=NOBODY) == {"data": {"findPerformer": None}}


@pytest.mark.parametrize(
    ("told", "count"), [({"per_page": 0}, 25), ({"per_page": 1000}, 30), ({"page": 0}, 5), ({"page": 99}, 0)]
)
def test_pages_are_those_of_the_real_server(server: StashBoxServer, told: dict[str, int], count: int) -> None:
    found = page(server, **told)
    assert (len(found["performers"]), found["count"]) == (count, 30)


def test_names_are_searched_for_a_part_of_them(server: StashBoxServer) -> None:
    assert page(server, name="pERSON 07")["count"] == 1
    assert page(server, names="P7")["count"] == 0  # aliases are left out
    assert page(server, name="")["count"] == 30


def test_an_unknown_filter_is_refused(server: StashBoxServer) -> None:
    answer = asked(server, '{queryPerformers(input:{page:1,per_page:1,country:"US"}){count}}')
    assert answer["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


def test_deleted_and_merged_performers_are_found_by_id_and_listed_nowhere(server: StashBoxServer) -> None:
    first, second, third, *_ = ids(server.state)
    server.state.put("scenes", title="Scene", performers=[{"as": None, "performer": {"id": second}}])
    server.state.delete("performers", first)
    server.state.merge("performers", [second], third)
    assert page(server)["count"] == 28
    deleted, merged, left = (asked(server, ONE, id=one)["data"]["findPerformer"] for one in (first, second, third))
    assert (deleted["deleted"], deleted["merged_into_id"]) == (True, None)
    assert (merged["deleted"], merged["merged_into_id"], merged["scene_count"]) == (True, third, 0)
    assert (left["deleted"], left["merged_ids"], left["scene_count"]) == (False, [second], 1)
    scenes = asked(server, "{queryScenes(input:{page:1,per_page:1}){scenes{performers{as performer{id}}}}}")
    credited = scenes["data"]["queryScenes"]["scenes"][0]["performers"]
    assert credited == [{"as": "Person 01", "performer": {"id": third}}]


def test_a_chain_of_merges_leads_to_its_end(server: StashBoxServer) -> None:
    first, second, third, *_ = ids(server.state)
    server.state.merge("performers", [first], second)
    server.state.merge("performers", [second], third)
    assert asked(server, ONE, id=first)["data"]["findPerformer"]["merged_into_id"] == third
    assert asked(server, ONE, id=third)["data"]["findPerformer"]["merged_ids"] == [second, first]


def test_edits_tell_what_was_deleted_and_merged(server: StashBoxServer) -> None:
    first, second, third, *_ = ids(server.state)
    server.state.delete("performers", first)
    server.state.merge("performers", [second], third)
    query = """{queryEdits(input:{page:1,per_page:9,direction:DESC,sort:CLOSED_AT}){count edits{
        operation target{...on Performer{id}} merge_sources{...on Performer{id}}}}}"""
    merge, deletion = asked(server, query)["data"]["queryEdits"]["edits"]
    assert merge == {"operation": "MERGE", "target": {"id": third}, "merge_sources": [{"id": second}]}
    assert deletion == {"operation": "DESTROY", "target": {"id": first}, "merge_sources": []}


def test_what_changes_is_newer_than_all_before() -> None:
    state = State(
        {"performers": [{"name": "Old", "updated": "2030-01-01T00:00:00.1Z", "created": "2020-01-01T00:00:00Z"}]}
    )
    (old,) = state.listed("performers")
    before = old["updated"]
    state.put("performers", id=old["id"], name="New")
    assert instant(old["updated"]) > instant(before)


def matched(server: StashBoxServer, *groups: list[tuple[str, str]]) -> list[list[str]]:
    told = [[{"algorithm": algorithm, "hash": text} for algorithm, text in group] for group in groups]
    query = "query($f:[[FingerprintQueryInput!]!]!){findScenesBySceneFingerprints(fingerprints:$f){title}}"
    answer = asked(server, query, f=told)["data"]["findScenesBySceneFingerprints"]
    return [[scene["title"] for scene in group] for group in answer]


def scene_with(*fingerprints: tuple[str, str]) -> State:
    told = [{"algorithm": algorithm, "hash": text, "duration": 9} for algorithm, text in fingerprints]
    return State({"scenes": [{"title": "Scene", "fingerprints": told}]})


def test_the_recorded_version_compares_hashes_as_they_are_written() -> None:
    with without_flaws(StashBoxServer(scene_with(("PHASH", "0abc")))) as server:
        assert matched(server, [("PHASH", "0abc")], [("PHASH", "abc")], [("PHASH", "0ABC")], []) == [
            ["Scene"],
            [],
            [],
            [],
        ]


def test_newer_versions_compare_numbers_and_know_no_md5() -> None:
    state = scene_with(("PHASH", "0abc"), ("MD5", "d41d8cd98f00b204e9800998ecf8427e"))
    with without_flaws(StashBoxServer(state, Profile.NEWER)) as server:
        md5 = [("MD5", "d41d8cd98f00b204e9800998ecf8427e")]
        assert matched(server, [("PHASH", "ABC")], md5) == [["Scene"], []]
        told = asked(server, "{queryScenes(input:{page:1,per_page:1}){scenes{fingerprints{hash}}}}")
        assert told["data"]["queryScenes"]["scenes"][0]["fingerprints"][0] == {"hash": "0000000000000abc"}


def test_more_than_40_videos_at_once_are_refused(server: StashBoxServer) -> None:
    query = "query($f:[[FingerprintQueryInput!]!]!){findScenesBySceneFingerprints(fingerprints:$f){id}}"
    assert "errors" not in asked(server, query, f=[[]] * 40)
    answer = asked(server, query, f=[[]] * 41)
    told = [{"message": "too many scenes", "path": ["findScenesBySceneFingerprints"]}]
    assert answer == {"errors": told, "data": None}


def test_newer_versions_have_the_old_questions_by_fingerprints_no_more() -> None:
    old = "{findScenesByFingerprints(fingerprints:[]){id}}"
    for profile, known in ((Profile.RECORDED, True), (Profile.NEWER, False)):
        with without_flaws(StashBoxServer(profile=profile)) as server:
            assert ("errors" not in asked(server, old)) is known


def test_pictures_are_drawn_in_the_size_that_they_are_said_to_have() -> None:
    image = {"id": "10000000-0000-0000-0000-000000000001", "width": 400, "height": 800}
    other = {"id": "2", "width": 1, "height": 1, "url": "https://cdn.example/2.jpg"}
    state = State({"performers": [{"name": "Somebody", "images": [image, other]}]})
    with without_flaws(StashBoxServer(state)) as server:
        told = asked(server, '{searchPerformer(term:"somebody"){images{url}}}')["data"]["searchPerformer"][0][
            "images"
        ]
        assert told[1] == {"url": "https://cdn.example/2.jpg"}
        url = told[0]["url"]
        assert url == f"{server.url}/images/{image['id']}"
        for query, size in (("", (400, 800)), ("?size=300", (150, 300)), ("?size=full", (400, 800))):
            reply = httpx2.get(url + query, trust_env=False)
            assert reply.headers["content-type"] == "image/jpeg"
            assert Image.open(io.BytesIO(reply.content)).size == size
        missing = httpx2.get(f"{server.url}/images/{NOBODY}", trust_env=False)
        assert (missing.status_code, missing.text) == (404, "404 page not found\n")


def test_its_first_page_is_empty(server: StashBoxServer) -> None:
    reply = httpx2.get(server.url, trust_env=False)
    assert (reply.status_code, reply.content) == (200, b"")


def test_requests_beyond_a_rate_are_told_to_wait(server: StashBoxServer) -> None:
    now = 0.0
    server.rate = Rate(2, lambda: now)
    statuses = []
    for moment in (0.0, 30.0, 40.0, 60.0):
        now = moment
        reply = httpx2.post(server.endpoint, json={"query": "{me{name}}"}, headers={"ApiKey": "k"}, trust_env=False)
        statuses.append((reply.status_code, reply.headers.get("retry-after")))
    assert statuses == [(200, None), (200, None), (429, "20"), (200, None)]


def test_a_fault_strikes_as_often_as_it_is_told(server: StashBoxServer) -> None:
    server.faults.add("broken:2")
    found = [
        httpx2.post(server.endpoint, json={"query": "{me{name}}"}, trust_env=False).status_code for _ in range(3)
    ]
    assert found == [502, 502, 200]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "expected lists of performers"),
        ({"x": []}, "expected lists of performers"),
        ({"performers": {}}, "performers is no list of objects"),
        ({"performers": [1]}, "performers is no list of objects"),
        ({"performers": [{}]}, "one of performers has no name"),
        ({"performers": [{"name": 5}]}, "one of performers has no name"),
        ({"performers": [{"name": "a", "id": 5}]}, "id of performers cannot be 5"),
        ({"performers": [{"name": "a", "created": 5}]}, "created of performers cannot be 5"),
        ({"performers": [{"name": "a", "images": [1]}]}, "objects with id, width, height, not 1"),
        ({"performers": [{"name": "a", "aliases": [1]}]}, "aliases of performers are texts, not 1"),
        ({"scenes": [{"performers": [5]}]}, "objects with performer, not 5"),
        ({"scenes": [{"studio": "x"}]}, "studio of scenes is an object with id, not 'x'"),
        ({"scenes": [{"fingerprints": "x"}]}, "fingerprints of scenes is a list"),
        ({"scenes": [{"fingerprints": ["x"]}]}, "objects with hash, algorithm, not 'x'"),
        ({"edits": [{"target": 5}]}, "one of edits has no target"),
    ],
)
def test_what_holds_no_state_is_refused_in_a_sentence(document: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        State(document)


def test_an_id_is_the_same_in_either_case() -> None:
    upper = "B0000000-0000-4000-8000-00000000000A"
    with without_flaws(StashBoxServer(State({"performers": [{"name": "Ada", "id": upper}]}))) as server:
        for one in (upper, upper.lower()):
            assert asked(server, ONE, id=one)["data"]["findPerformer"]["id"] == upper.lower()


def test_a_filter_without_a_test_is_a_flaw_and_never_ignored() -> None:
    with pytest.raises(Flaw, match="country"):
        narrowed([], {"page": 1, "sort": "NAME", "name": "", "country": "US"}, {})
