"""What is wrong and what to do: the same words wherever they are said."""

import inspect

import pytest

from stash_sense import errors
from stash_sense.connection.words import words_of
from stash_sense.errors import (
    StashBroken,
    StashDatabaseLocked,
    StashError,
    StashKeyWrong,
    StashNotSet,
    StashRefused,
)

ADDRESS = "http://127.0.0.1:9999"
STATES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, StashError)]


@pytest.mark.parametrize("kind", STATES, ids=lambda kind: kind.__name__)
def test_reason_and_remedy_are_the_sentence(kind: type[StashError]) -> None:
    fields = dict.fromkeys(("address", "reason", "operation", "seconds", "place", "version", "oldest", "kind"), "x")
    error = kind(**fields, id=1, most_bytes=5, feature="f")
    words = words_of(error)
    assert words.sentence == str(error)
    assert words.sentence == (f"{words.reason}; {words.remedy}." if words.remedy else f"{words.reason}.")


@pytest.mark.parametrize(
    "kind", [kind for kind in STATES if kind not in (StashError, StashRefused)], ids=lambda kind: kind.__name__
)
def test_each_says_what_to_do(kind: type[StashError]) -> None:
    fields = dict.fromkeys(("address", "reason", "operation", "seconds", "place", "version", "oldest", "kind"), "x")
    assert words_of(kind(**fields, id=1, most_bytes=5, feature="f")).remedy


def test_a_semicolon_of_the_server_divides_nothing() -> None:
    assert words_of(StashRefused(address=ADDRESS, reason="no; never", operation="tag_create")).remedy == ""
    broken = words_of(StashBroken(address=ADDRESS, reason="a; b", status=500))
    assert broken.reason == f"Stash at {ADDRESS} does not work as it should (a; b)"
    assert broken.remedy == "look at its log, and restart it"
    assert "backup" in words_of(StashDatabaseLocked(address=ADDRESS, operation="scene_update")).remedy


def test_without_a_stash_it_is_said_how_to_name_one() -> None:
    words = words_of(StashNotSet())
    assert words.reason == "No Stash is named"
    assert words.remedy.startswith("set STASH_URL to")
    assert words_of(StashKeyWrong(address=ADDRESS)).reason == f"Stash at {ADDRESS} does not take this key"
