from collections.abc import Callable

import pytest
from tests.integration.fakes.stash.conftest import Visitor

Visit = Callable[..., Visitor]
QUERY = {"query": "{findScenes{count}}"}
WORDS = "words"
OPEN = {"/scene/1/screenshot", "/image/1/image", "/performer/1/image", "/"}


def status(visitor: Visitor, **headers: str) -> int:
    return visitor.http.post("/graphql", json=QUERY, headers=headers).status_code


def test_a_server_with_a_key_answers_who_has_it_in_a_header_or_in_the_address(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    assert status(visitor) == 401
    assert status(visitor, ApiKey="another") == 401
    assert status(visitor, Authorization="Bearer a-key") == 401
    assert status(visitor, ApiKey="a-key") == status(visitor, apikey="a-key") == 200
    assert visitor.get("/scene/1/screenshot?apikey=a-key").status_code == 200
    assert visitor.get("/healthz").status_code == 200


def test_pages_lead_to_the_login_and_files_are_refused(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    for path in OPEN:
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (302, "text/html; charset=utf-8")
        assert answer.headers["location"].startswith("/login?returnURL=%2F")
    refused = visitor.get("/scene/00000000000000a1_sprite.jpg")
    assert (refused.status_code, refused.headers["www-authenticate"], refused.content) == (401, "FormBased", b"")


def test_who_logs_in_gets_a_cookie_that_opens_everything(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    visitor.stash.state.configuration.password = WORDS
    assert visitor.get("/login").headers["content-type"].startswith("text/html")
    assert visitor.http.post("/login", content="username=owner&password=no").status_code == 401
    assert visitor.http.post("/login", content="username=owner&password=words").status_code == 200
    assert status(visitor) == 200


def test_a_key_in_use_is_part_of_the_address_of_streams(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    visitor.http.headers["ApiKey"] = "a-key"
    paths = visitor.ask('{findScene(id:"1"){paths{stream screenshot}}}')["findScene"]["paths"]
    assert paths["stream"].endswith("/scene/1/stream?apikey=a-key")
    assert "a-key" not in paths["screenshot"]


def test_a_new_key_needs_a_user_and_replaces_the_old_one(visit: Visit) -> None:
    make = "mutation{generateAPIKey(input:{})}"
    assert visit().ask(make) == {"generateAPIKey": ""}
    visitor = visit(api_key="a-key")
    visitor.http.headers["ApiKey"] = "a-key"
    new = visitor.ask(make)["generateAPIKey"]
    assert status(visitor) == 401
    assert status(visitor, ApiKey=new) == 200


def test_an_open_server_refuses_a_key_that_is_not_its_own(visit: Visit) -> None:
    visitor = visit()
    assert status(visitor, ApiKey="left over") == 401
    assert status(visitor) == 200


@pytest.mark.parametrize(
    ("chain", "public"),
    [("192.168.1.4", False), ("100.64.0.9", False), ("127.0.0.1, 10.0.0.1", False), ("10.0.0.1, 8.8.8.8", True)],
)
def test_an_open_server_closes_itself_when_it_is_reached_from_the_internet(
    visit: Visit, chain: str, public: bool
) -> None:
    visitor = visit()
    assert status(visitor, **{"X-Forwarded-For": chain}) == (403 if public else 200)
    assert status(visitor) == (403 if public else 200)
    assert visitor.stash.doors.exposed is public


def test_a_server_with_a_password_may_be_reached_from_the_internet(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    assert status(visitor, **{"ApiKey": "a-key", "X-Forwarded-For": "8.8.8.8"}) == 200


def test_addresses_follow_what_a_proxy_says_of_the_request(visit: Visit) -> None:
    visitor = visit()
    visitor.http.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/films", "Host": "nas:1"})
    paths = visitor.ask('{findScene(id:"1"){paths{preview}}}')["findScene"]["paths"]
    assert paths["preview"] == "https://nas:1/films/scene/1/preview"


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ({"endpoint": "http://box.example", "api_key": "k"}, "Stash-box: endpoint is invalid"),
        ({"endpoint": "http://box.example/graphql", "api_key": ""}, "Stash-box: API Key cannot be blank"),
    ],
)
def test_a_stash_box_that_cannot_be_used_changes_nothing(visit: Visit, box: dict[str, str], reason: str) -> None:
    visitor = visit()
    query = "mutation($i:ConfigGeneralInput!){configureGeneral(input:$i){username}}"
    told = {"query": query, "variables": {"i": {"username": "other", "stashBoxes": [{**box, "name": "Box"}]}}}
    assert visitor.http.post("/graphql", json=told).json()["errors"][0]["message"] == reason
    assert visitor.ask("{configuration{general{username stashBoxes{name}}}}") == {
        "configuration": {"general": {"username": "", "stashBoxes": []}}
    }
