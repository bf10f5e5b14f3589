"""Sends requests that a server once answered, and says where the answers of another differ.

What depends on the clock is only compared in being there; addresses without their host and the time in them; errors
that were told before execution by their code, those of the database by the constraint that failed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

RECORDING = Path(__file__).parents[2] / "shared" / "data" / "stash"
"""Answers of real servers, which are not part of the project."""
with_the_recording = pytest.mark.skipif(not RECORDING.is_dir(), reason=f"no recorded answers in {RECORDING}")

_TIMES = re.compile(r"(_at|_time|Time)$")
_OF_THE_MACHINE = {
    "version",
    "hash",
    "databasePath",
    "configPath",
    "workingDir",
    "homeDir",
    "ffmpegPath",
    "ffprobePath",
    "os",
}
_OWN_ADDRESS = re.compile(r"^https?://(127\.0\.0\.1|localhost)(:\d+)?(?=/)")
_CONSTRAINT = re.compile(r"(FOREIGN KEY|UNIQUE) constraint failed(: [\w.]+)?")
_GRAPHQL = {"application/json", "application/graphql-response+json"}


def exchanges_in(folder: Path) -> list[dict[str, Any]]:
    """Return the exchanges of a folder in the order in which they were made; notes on jobs are left out."""
    found = [json.loads(path.read_text("utf-8")) | {"file": path.stem} for path in sorted(folder.glob("*.json"))]
    return [exchange for exchange in found if "request" in exchange]


def recorded(name: str) -> Any:
    """Return a document of the recording."""
    return json.loads((RECORDING / name).read_text("utf-8"))


def client_of(url: str) -> httpx2.Client:
    """Return a client that sends what the recorder sent: no header that an exchange does not name."""
    client = httpx2.Client(base_url=url, trust_env=False, timeout=60)
    for name in ("accept", "accept-encoding", "user-agent"):
        client.headers.pop(name)
    return client


def replay(url: str, folder: str, wanted: Callable[[Mapping[str, Any]], bool]) -> dict[str, list[str]]:
    """Send the exchanges of a folder of the recording that are wanted, in their order.

    Returns:
        For each of them by its file, where the answer is not as the recorded one.
    """
    with client_of(url) as client:
        return {
            exchange["file"]: differences(exchange["response"], send(client, exchange["request"]))
            for exchange in exchanges_in(RECORDING / "exchanges" / folder)
            if wanted(exchange)
        }


def send(client: httpx2.Client, request: Mapping[str, Any]) -> httpx2.Response:
    """Send the request of an exchange."""
    body = request["body"]
    content = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    return client.request(request["method"], request["path"], content=content, headers=request["headers"])


def differences(recorded: Mapping[str, Any], answer: httpx2.Response) -> list[str]:
    """Return where an answer is not as the recorded one."""
    return [f"{where}: {want!r}, not {got!r}" for where, want, got in _differ(recorded, answer)]


def _differ(recorded: Mapping[str, Any], answer: httpx2.Response) -> Iterator[tuple[str, Any, Any]]:
    if answer.status_code != recorded["status"]:
        yield "status", recorded["status"], (answer.status_code, answer.text[:200])
        return
    kinds = {_kind(recorded["headers"]), _kind(answer.headers)}
    if len(kinds) > 1 and kinds != _GRAPHQL:
        yield "content type", _kind(recorded["headers"]), _kind(answer.headers)
    want = recorded["body"]
    if isinstance(want, str) and _kind(recorded["headers"]) == "text/plain":
        yield from _unequal("text", want, answer.text)
    if not isinstance(want, dict) or "bytes" in want:
        return
    got = answer.json()
    if answer.status_code == 422:
        yield from _unequal("codes", _codes(want), _codes(got))
    elif answer.status_code == 400:
        yield from _unequal("errors", bool(want.get("errors")), bool(got.get("errors")))
    else:
        yield from _unequal("errors", _errors(want), _errors(got))
        yield from _values(want.get("data"), got.get("data"), "data")


def _values(want: Any, got: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    name = re.sub(r"\[\d+\]$", "", at.rsplit(".", 1)[-1])
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(want.keys() | got.keys()):
            yield from _values(want.get(key, "(absent)"), got.get(key, "(absent)"), f"{at}.{key}")
    elif isinstance(want, list) and isinstance(got, list):
        yield from _unequal(f"{at}.length", len(want), len(got))
        for index, (one, other) in enumerate(zip(want, got, strict=False)):
            yield from _values(one, other, f"{at}[{index}]")
    elif _TIMES.search(name) or name in _OF_THE_MACHINE:
        yield from _unequal(at, want is None, got is None)
    else:
        yield from _unequal(at, _plain(want), _plain(got))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value == int(value) else round(value, 6)
    if isinstance(value, str) and value.startswith("http"):
        return re.sub(r"[?&]t=\d+", "", _OWN_ADDRESS.sub("", value))
    return value


def _unequal(at: str, want: Any, got: Any) -> Iterator[tuple[str, Any, Any]]:
    if want != got:
        yield at, want, got


def _kind(headers: Mapping[str, str]) -> str:
    told = {name.lower(): value for name, value in headers.items()}
    return told.get("content-type", "").split(";")[0]


def _codes(body: Mapping[str, Any]) -> set[Any]:
    return {(error.get("extensions") or {}).get("code") for error in body.get("errors") or ()}


def _errors(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(_said(error["message"]), error.get("path")) for error in body.get("errors") or ()]


def _said(message: str) -> str:
    failed = _CONSTRAINT.search(message)
    return failed[0] if failed else re.sub(r"\[ParseDate.*", "", message)
