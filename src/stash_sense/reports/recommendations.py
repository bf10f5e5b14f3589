"""Recommendations and what was written to Stash, as documents -> tables and sentences for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stash_sense.reports.wording import clock, distance, percent, visible

Document = Mapping[str, Any]
_MOST_PLACES = 6
_LONGEST = 60
"""Letters of a value that are shown."""
_VERBS = {
    "add": "add",
    "remove": "remove",
    "update": "change",
    "create": "create",
    "destroy": "delete",
    "merge": "merge",
}


def listing(items: Sequence[Document]) -> RenderableType:
    """Return a table with a row for each recommendation: what it is about, and who was recognised."""
    table = Table(box=None, pad_edge=False)
    for heading in ("number", "about", "who", "state"):
        table.add_column(heading, overflow="fold")
    for one in items:
        about = f"{one['target_type']} {one['target_id']}: {one['details'].get('title', '')}"
        table.add_row(str(one["id"]), _text(about), _text(", ".join(_people(one))), one["status"])
    return table


def details_of(one: Document) -> RenderableType:
    """Return all that there is to say about a recommendation: who, how surely, where, and who else it may be."""
    details = one["details"]
    lines: list[RenderableType] = [
        _text(f"Recommendation {one['id']} ({one['status']}): {one['target_type']} {one['target_id']}"),
        _text(str(details.get("title", ""))),
    ]
    lines += [Padding(Group(*map(_text, _about(person))), (1, 0, 0, 2)) for person in details.get("people", [])]
    if details.get("unknown"):
        lines.append(Padding(_text(f"and {details['unknown']} more who are not in the database"), (1, 0, 0, 2)))
    if one["reason"]:
        lines.append(_text(f"Dismissed because: {one['reason']}"))
    if one["group"]:
        lines.append(_text(f"Written for it: stash-sense journal list --group {one['group']}"))
    return Group(*lines)


def journal_listing(items: Sequence[Document]) -> RenderableType:
    """Return a table with a row for each entry of the journal."""
    table = Table(box=None, pad_edge=False)
    for heading in ("entry", "when", "what", "state", "group"):
        table.add_column(heading, overflow="fold")
    for one in items:
        when = datetime.fromisoformat(one["created_at"]).astimezone()
        what = next(writes_in_words([one]))
        table.add_row(str(one["id"]), f"{when:%Y-%m-%d %H:%M}", _text(what), _state(one), one["group"])
    return table


def entry_of(one: Document) -> RenderableType:
    """Return all that is known of an entry: each field before and after."""
    table = Table(box=None, pad_edge=False)
    for heading in ("field", "before", "after"):
        table.add_column(heading, overflow="fold")
    for name in dict.fromkeys((*one["before"], *one["after"])):
        table.add_row(name, _text(_value(one["before"].get(name))), _text(_value(one["after"].get(name))))
    lines = [_text(f"Entry {one['id']}: {next(writes_in_words([one]))}"), _text(f"{_state(one)}; {one['reason']}")]
    if one["error_message"]:
        lines.append(_text(one["error_message"]))
    return Group(*lines, table)


def writes_in_words(writes: Sequence[Document]) -> Iterator[str]:
    """Say of each write what it does, such as "scene 3: add performer 7"."""
    for one in writes:
        which = f"{one['kind']} {one['target_id']}".strip()
        operation = one["operation"]
        if operation in ("add", "remove"):
            yield f"{which}: {_VERBS[operation]} {', '.join(_moved(one))}"
        elif operation == "update":
            changed = (
                f"{name}: {_value(one['before'].get(name))} → {_value(to)}" for name, to in one["after"].items()
            )
            yield f"{which}: change {'; '.join(changed)}"
        elif operation == "create":
            yield f"create {which} {_value(one['after'].get('name'))} with {', '.join(one['after'])}"
        else:
            yield f"{which}: {_VERBS[operation]}"


def _people(one: Document) -> list[str]:
    people = one["details"].get("people", [])
    return [f"{person['name']} {percent(person['probability'])}{_whether(person)}" for person in people]


def _whether(person: Document) -> str:
    return "" if person["performer_id"] else " (not in Stash)"


def _about(person: Document) -> Iterator[str]:
    there = f"performer {person['performer_id']} of Stash" if person["performer_id"] else "not in Stash"
    yield f"{person['name']}, {percent(person['probability'])} sure; {there}"
    yield f"  distance {distance(person['distance'])}, seen {person['count']} times{_where(person['seen'])}"
    for other in person["others"]:
        yield f"  or {other['name']}, {percent(other['probability'])}, distance {distance(other['distance'])}"


def _where(seen: Sequence[Document]) -> str:
    moments = sorted(one["t"] for one in seen if one["t"] is not None)
    images = [one["image_id"] for one in seen if one["image_id"] is not None]
    places = [clock(t) for t in moments] or [f"image {id_}" for id_ in images]
    more = ", …" if len(places) > _MOST_PLACES else ""
    return f", at {', '.join(places[:_MOST_PLACES])}{more}" if places else ""


def _moved(one: Document) -> Iterator[str]:
    """Name what is added to lists, or removed from them."""
    for name, after in one["after"].items():
        before = one["before"].get(name)
        if not isinstance(after, list) or not isinstance(before, list):
            yield f"{name} {_value(after)}"
            continue
        more, less = (before, after) if one["operation"] == "remove" else (after, before)
        for id_ in more:
            if id_ not in less:
                yield f"{name.removesuffix('_ids')} {id_}"


def _state(one: Document) -> str:
    return "undone" if one["undone_by"] is not None else str(one["state"])


def _value(value: object) -> str:
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, Mapping) and "bytes" in value:
        return f"a picture of {value['bytes']:,} bytes"
    if isinstance(value, Mapping) and "address" in value:
        return str(value["address"])
    text = ", ".join(map(_value, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _text(words: str) -> Text:
    """Return words as they are: rich reads a str for markup."""
    return Text(visible(words))
