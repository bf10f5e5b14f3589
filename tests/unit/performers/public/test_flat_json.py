import io
import json
from typing import Any

import pytest

from stash_sense.performers.public.flat_json import JsonDamaged, array_entries, object_entries


def array_of(text: str | bytes, most: int = 1000) -> list[Any]:
    return list(array_entries(io.BytesIO(text if isinstance(text, bytes) else text.encode()), most))


def object_of(text: str, most: int = 1000) -> dict[str, Any]:
    return dict(object_entries(io.BytesIO(text.encode()), most))


@pytest.mark.parametrize(
    "text", ["[]", " [ ] ", '[null, "a", 1.5e3, {"b": [2]}]', '["\\u00fc\\"]", "山田"]\n', "[12,3]"]
)
def test_arrays_are_read_as_the_standard_reader_reads_them(text: str) -> None:
    assert array_of(text) == json.loads(text)


@pytest.mark.parametrize("text", ["{}", '{"a": null, "b:c": {"d": 1}}', ' {"ü" : "," } '])
def test_objects_are_read_as_the_standard_reader_reads_them(text: str) -> None:
    assert object_of(text) == json.loads(text)


@pytest.mark.parametrize("count", [60_000, 80_001])
def test_documents_longer_than_one_read_are_whole(count: int) -> None:
    entries = [None if number % 7 == 0 else f"Zoë {number}" for number in range(count)]
    for indent in (None, 1):
        text = json.dumps(entries, ensure_ascii=False, indent=indent).encode()
        assert array_of(text, count) == entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[1",
        "[1,",
        "[1 2]",
        "[1,]",
        "[1]]",
        "{}",
        "null",
        "[nul]",
        "[" * 50_000,
        b"[\xff]",
        b'["\xc3"]',
        '["' + "a" * 20_000 + '"]',
        b'["\xc3',
    ],
    ids=range(15),
)
def test_what_is_no_flat_array_is_refused(text: str | bytes) -> None:
    with pytest.raises(JsonDamaged):
        array_of(text)


@pytest.mark.parametrize(
    "text", ["[]", '{"a"}', '{"a": 1', "{1: 2}", '{"a": 1}}', '{"a": ' + "[" * 50_000 + "}"], ids=range(6)
)
def test_what_is_no_flat_object_is_refused(text: str) -> None:
    with pytest.raises(JsonDamaged):
        object_of(text)


def test_more_entries_than_allowed_are_refused_when_they_are_reached() -> None:
    endless = io.BytesIO(b"[" + b"null," * 3_000_000)
    with pytest.raises(JsonDamaged, match="more than 1000"):
        list(array_entries(endless, 1000))
    assert endless.tell() <= 2 * 1024 * 1024
