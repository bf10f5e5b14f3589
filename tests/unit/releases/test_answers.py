import pytest

from stash_sense.releases.answers import Part, described, length_of, part_of, size_without_part
from stash_sense.releases.ports import Answer


def answer(**headers: str) -> Answer:
    return Answer(206, {name.replace("_", "-"): text for name, text in headers.items()}, iter(()))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes 0-0/1", Part(0, 1, 1)),
        (" bytes 100-299/300 ", Part(100, 300, 300)),
        ("bytes 100-199/*", Part(100, 200, None)),
    ],
)
def test_a_part_is_read(text: str, part: Part) -> None:
    assert part_of(answer(content_range=text)) == part
    assert part_of(answer(content_range=text, content_length=str(part.end - part.start))) == part


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes */300",
        "bytes 100-99/300",
        "bytes 100-300/300",
        "bytes 0-4/4",
        "bytes -1-4/5",
        "bytes 0-4/-5",
        "bytes 0-4/1e3",
        "bytes 0-1e1/300",
        "bytes 0-9999999999999999999/*",
        "bytes \u0660-\u0664/\u0665",
        "bytes²0-4/5",
        "items 0-4/5",
        "bytes 0-4/5, bytes 5-9/10",
    ],
)
def test_what_is_no_part(text: str) -> None:
    assert part_of(answer(content_range=text)) is None


@pytest.mark.parametrize("length", ["0", "199", "201"])
def test_a_part_whose_body_has_another_length_is_none(length: str) -> None:
    assert part_of(answer(content_range="bytes 100-299/300", content_length=length)) is None


@pytest.mark.parametrize(("text", "size"), [("bytes */300", 300), ("bytes */0", 0), ("bytes */-1", None), ("", None)])
def test_a_size_is_read_where_nothing_further_is_there(text: str, size: int | None) -> None:
    assert size_without_part(answer(content_range=text)) == size


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("5", 5),
        ("-5", None),
        ("NaN", None),
        ("5.0", None),
        ("5, 5", None),
        ("\u0665", None),
        ("9" * 19, None),
        ("", None),
    ],
)
def test_a_length_is_a_plain_number(text: str, length: int | None) -> None:
    assert length_of(answer(content_length=text)) == length


def test_a_state_is_named_by_what_can_be_sent_back() -> None:
    assert described(answer(etag='"a"', last_modified="Monday"), 5).validator == '"a"'
    assert described(answer(etag='W/"a"', last_modified="Monday"), 5).validator == "Monday"
    assert described(answer(etag='"\xe9"', last_modified="Monday"), 5).validator == "Monday"
    assert described(answer(etag='"\x01"'), 5).validator is None
    assert described(answer(etag=f'"{"e" * 5_000}"'), 5).validator is None
    assert described(answer(etag="", last_modified=""), 5).validator is None


def test_two_states_agree_unless_both_tell_something_else() -> None:
    first = described(answer(etag='"a"', last_modified="Monday"), 5)
    assert first.agrees(described(answer(), None))
    assert first.agrees(described(answer(etag='"a"'), 5))
    assert not first.agrees(described(answer(etag='"b"'), 5))
    assert not first.agrees(described(answer(last_modified="Tuesday"), 5))
    assert not first.agrees(described(answer(), 6))
