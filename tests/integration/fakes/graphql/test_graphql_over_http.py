import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from graphql import build_schema
from starlette.applications import Starlette
from starlette.routing import Route

from stash_sense.fakes.graphql.engine import Engine, ResolverError
from stash_sense.fakes.graphql.http import GraphQLOverHTTP
from stash_sense.fakes.graphql.serving import served

SCHEMA = """
type Query { number(of: Int): Int! maybe: Int person: Person animal: Animal unknown: Int }
type Mutation { forget: Boolean! }
type Person { name: String! age: Int later: Int }
type Dog { barks: Boolean! }
type Cat { purrs: Boolean! }
union Animal = Dog | Cat
"""


def refuse(_row: Any, _context: Any, _arguments: Any) -> Any:
    raise ResolverError("no such thing")


def fail(_row: Any, _context: Any, _arguments: Any) -> Any:
    return 1 // 0


RESOLVERS = {
    "Query.number": lambda _row, _context, arguments: arguments.get("of", 7),
    "Query.maybe": refuse,
    "Query.person": lambda _row, context, _arguments: {"name": context, "later": lambda: 5},
    "Query.animal": lambda _row, _context, _arguments: {"purrs": True},
    "Animal": lambda row, _context, _arguments: "Cat" if "purrs" in row else "Dog",
    "Query.unknown": fail,
    "Mutation.forget": lambda _row, _context, _arguments: True,
    "Person.shoe": refuse,
}


class Asked:
    def __init__(self, url: str, server: GraphQLOverHTTP) -> None:
        self.server = server
        self.http = httpx2.Client(base_url=url, trust_env=False, timeout=60)

    def post(self, query: str, **told: Any) -> httpx2.Response:
        return self.http.post("/graphql", json={"query": query, **told})


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    server = GraphQLOverHTTP(Engine(build_schema(SCHEMA), RESOLVERS), lambda request: request.url.path)
    methods = ["GET", "POST", "PUT", "OPTIONS"]
    app = Starlette(routes=[Route("/graphql", server.answer, methods=methods)])
    with served(app) as url:
        asking = Asked(url, server)
        yield asking
        asking.http.close()


def test_what_is_asked_for_is_answered(asked: Asked) -> None:
    told = asked.post("query($n:Int){number(of:$n) person{name later} animal{__typename}}", variables={"n": 3}).json()
    assert told == {
        "data": {"number": 3, "person": {"name": "/graphql", "later": 5}, "animal": {"__typename": "Cat"}}
    }


def test_a_resolver_that_refuses_leaves_null_beside_its_reason(asked: Asked) -> None:
    answer = asked.post("{number maybe}")
    assert answer.status_code == 200
    assert answer.json() == {
        "errors": [{"message": "no such thing", "path": ["maybe"]}],
        "data": {"number": 7, "maybe": None},
    }


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{number", None, "GRAPHQL_PARSE_FAILED"),
        ("{colour}", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{person}", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n:Int!){number(of:$n)}", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n:Int){number(of:$n)}", {"n": "three"}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A{number} query B{number}", None, "GRAPHQL_VALIDATION_FAILED"),
        ("", None, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_executed_is_422_with_its_code(asked: Asked, query: str, variables: Any, code: str) -> None:
    answer = asked.post(query, **({} if variables is None else {"variables": variables}))
    assert answer.status_code == 422
    assert answer.json()["data"] is None
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {code}


def test_one_of_several_operations_is_chosen_by_its_name(asked: Asked) -> None:
    assert asked.post("query A{number} query B{number(of:2)}", operationName="B").json() == {"data": {"number": 2}}


def test_a_coerced_variable_names_its_place(asked: Asked) -> None:
    told = asked.post("query($n:Int){number(of:$n)}", variables={"n": "three"}).json()["errors"][0]
    assert told["path"] == ["variable", "n"]


@pytest.mark.parametrize(
    "content", ["", "hello", "[1]", '"text"', '{"query": 5}', '{"query": "{number}", "variables": []}']
)
def test_what_is_no_request_is_400(asked: Asked, content: str) -> None:
    answer = asked.http.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    told = answer.status_code, answer.json().get("data")
    assert told in ((400, None), (200, {"number": 7}))
    assert told[0] == 400 or content.endswith("[]}")


def test_another_content_type_is_no_transport(asked: Asked) -> None:
    answer = asked.http.post(
        "/graphql", content=json.dumps({"query": "{number}"}), headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert asked.http.put("/graphql", json={"query": "{number}"}).status_code == 400


def test_get_answers_queries_and_refuses_mutations(asked: Asked) -> None:
    variables = json.dumps({"n": 4})
    query = {"query": "query($n:Int){number(of:$n)}", "variables": variables}
    assert asked.http.get("/graphql", params=query).json() == {"data": {"number": 4}}
    assert asked.http.get("/graphql", params={"query": "mutation{forget}"}).status_code == 406
    assert asked.http.get("/graphql", params={"query": "{number}", "variables": "{"}).status_code == 400
    assert asked.http.head("/graphql").status_code == 405
    assert asked.http.options("/graphql").headers["allow"] == "OPTIONS, GET, POST"


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/json, */*", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_the_content_type_is_the_first_that_the_client_accepts(asked: Asked, accept: str, told: str) -> None:
    answer = asked.http.post("/graphql", json={"query": "{number}"}, headers={"Accept": accept})
    assert answer.headers["content-type"] == told


def test_what_is_not_simulated_is_never_data(asked: Asked) -> None:
    asked.server.flaws.clear()
    for query in ("{person{age}}", "{unknown}"):
        answer = asked.post(query)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert "Person.age" in asked.server.flaws[0]
    assert "ZeroDivisionError" in asked.server.flaws[1]


def test_what_came_is_remembered(asked: Asked) -> None:
    asked.post("query($n:Int){number(of:$n)}", variables={"n": 9})
    assert asked.server.seen[-1].variables == {"n": 9}


def test_a_resolver_without_a_field_is_known(asked: Asked) -> None:
    assert asked.server.engine.unplaced == {"Person.shoe"}
