"""Recommendations and what was written to Stash, as documents -> tables and sentences for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stash_sense.performers.records import ReferencePicture
from stash_sense.recommendations.journal.values import in_words
from stash_sense.reports.wording import WORTH_TELLING, clock, counted, distance, percent, place_of, visible

Document = Mapping[str, Any]
Names = Mapping[tuple[str, str], str]
"""What things of Stash are called, by kind and id, as far as that is known."""
_NOTHING: Names = {}
_PENDING = "pending"
_NEW = "new: "
"""Before the name of who would be created, in a dry run."""
_IDS = "_ids"
"""How the names of fields end that list other things of Stash."""
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
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    says_state = {one["status"] for one in items} != {_PENDING}
    table.add_column("number", justify="right")
    for heading in ("about", "who", *(["state"] if says_state else [])):
        table.add_column(heading, overflow="fold")
    for one in items:
        row: list[RenderableType] = [str(one["id"]), _text(_target(one)), _text(", ".join(_people(one)))]
        table.add_row(*row, *([_status(one)] if says_state else []))
    return table


def details_of(one: Document) -> RenderableType:
    """Return all that there is to say about a recommendation: who, how surely, where, and who else it may be."""
    details = one["details"]
    lines: list[RenderableType] = [_text(f"Recommendation {one['id']}, {_status(one)}"), _text(_target(one))]
    for person in details.get("people", []):
        lines += [Text(), *(Padding(_text(line), (0, 0, 0, 2), expand=False) for line in _about(person, one))]
    if unknown := details.get("unknown"):
        more = counted(unknown, "other person is", "other people are")
        lines += [Text(), Padding(_text(f"{more} seen whom the database does not know"), (0, 0, 0, 2), expand=False)]
    lines.append(Text())
    if "database" in details:
        lines.append(_text(f"Seen with the pack {details['pack']} and the database {details['database']}."))
    if one["reason"]:
        lines.append(_text(f"Dismissed because: {one['reason']}"))
    if one["group"]:
        written = "Written for it, if anything was" if one["status"] == "pending" else "Written for it"
        lines.append(_text(f"{written}: stash-sense journal list --group {one['group']}"))
    return Group(*lines)


def journal_listing(items: Sequence[Document], names: Names = _NOTHING) -> RenderableType:
    """Return a table with a row for each entry of the journal."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("entry", justify="right")
    for heading in ("when", "what", "state"):
        table.add_column(heading, overflow="fold")
    table.add_column("group", no_wrap=True)  # to be copied
    for one in items:
        when = datetime.fromisoformat(one["created_at"]).astimezone()
        what = next(writes_in_words([one], names, with_ids=False))
        table.add_row(str(one["id"]), f"{when:%Y-%m-%d %H:%M}", _text(what), _state(one), one["group"])
    return table


def entry_of(one: Document, names: Names = _NOTHING) -> RenderableType:
    """Return all that is known of an entry: each field before and after."""
    table = Table(box=None, pad_edge=False)
    for heading in ("field", "before", "after"):
        table.add_column(heading, overflow="fold")
    for name in dict.fromkeys((*one["before"], *one["after"])):
        table.add_row(name, *(_text(_field(name, one[when].get(name), names)) for when in ("before", "after")))
    by = f" by entry {one['undone_by']}" if one["undone_by"] is not None else ""
    why = f"; {one['reason']}" if one["reason"] else ""
    lines = [_text(f"Entry {one['id']}: {next(writes_in_words([one], names))}"), _text(f"{_state(one)}{by}{why}")]
    if one["error_message"]:
        lines.append(_text(one["error_message"]))
    return Group(*lines, table)


def names_of(one: Document) -> dict[tuple[str, str], str]:
    """Return who the people of a recommendation are in Stash."""
    people = one["details"].get("people", [])
    return {("performer", person["performer_id"]): person["name"] for person in people if person["performer_id"]}


def writes_in_words(writes: Sequence[Document], names: Names = _NOTHING, *, with_ids: bool = True) -> Iterator[str]:
    """Say of each write what it does, such as "scene 3 (A title): add Ada (performer 7)".

    Args:
        writes: or entries of the journal.
        names: of what they are about.
        with_ids: say the ids, too, of what is added or removed and has a name.
    """
    for one in writes:
        which = f"{one['kind']} {one['target_id']}".strip()
        if called := names.get((one["kind"], one["target_id"])):
            which = f"{which} ({called})"
        operation = one["operation"]
        if operation in ("add", "remove"):
            yield f"{which}: {_VERBS[operation]} {', '.join(_moved(one, names, with_ids=with_ids))}"
        elif operation == "update":
            changed = (
                f"{name}: {_value(one['before'].get(name))} → {_value(to)}" for name, to in one["after"].items()
            )
            yield f"{which}: change {'; '.join(changed)}"
        elif operation == "create":
            yield f"create {which} {_value(one['after'].get('name'))} with {', '.join(one['after'])}"
        elif operation == "merge":
            yield f"{which}: {_merged(one, names)}"
        else:
            yield f"{which}: {_VERBS[operation]}"


def _target(one: Document) -> str:
    title = one["details"].get("title", "")
    return f"{one['target_type']} {one['target_id']}{f': {title}' if title else ''}"


def _status(one: Document) -> str:
    if one["status"] == "resolved":
        return "accepted" if one["action"] == "accept" else str(one["action"] or "resolved")
    return "dismissed for good" if one["permanent"] else str(one["status"])


def _people(one: Document) -> list[str]:
    people = one["details"].get("people", [])
    return [f"{person['name']} {percent(person['probability'])}{_whether(person)}" for person in people]


def _whether(person: Document) -> str:
    return "" if person["performer_id"] else " (not in Stash)"


def _about(person: Document, one: Document) -> Iterator[str]:
    there = f"performer {person['performer_id']} of Stash" if person["performer_id"] else "not in Stash"
    yield f"{person['name']}, {percent(person['probability'])} sure; {there}"
    yield f"  seen {_where(person, one['target_type'])}"
    mean = person.get("mean_distance")
    spread = f", {distance(mean)} on average" if mean is not None and person["count"] > 1 else ""
    yield f"  nearest picture: {_reference(person)}, distance {distance(person['distance'])}{spread}"
    likely = [other for other in person["others"] if other["probability"] >= WORTH_TELLING]
    for place, other in enumerate(likely or person["others"][:1]):
        words = f"{other['name']}, {percent(other['probability'])}, distance {distance(other['distance'])}"
        yield f"  {'or' if place else 'next likely:'} {words}"


def _where(person: Document, kind: str) -> str:
    """Say in how many frames or images somebody is seen, and which."""
    seen, count = person["seen"], person["count"]
    if kind == "image":
        return "in it" if count == 1 else f"{count:,} times in it"
    if kind == "gallery":
        places = list(person["image_ids"]) or list(dict.fromkeys(one["image_id"] for one in seen))
        what = counted(count, "image")
    else:
        cover = ["the cover" for one in seen if one["t"] is None]
        places = [*cover, *(clock(t) for t in sorted(one["t"] for one in seen if one["t"] is not None))]
        what = counted(count, "frame")
    more = ", …" if len(places) > _MOST_PLACES or len(places) < count else ""
    return f"in {what}{': ' if places else ''}{', '.join(places[:_MOST_PLACES])}{more if places else ''}"


def _reference(person: Document) -> str:
    told = person.get("reference") or {}
    return place_of(ReferencePicture(told.get("source") or "", told.get("url"), told.get("path")))


def _merged(one: Document, names: Names) -> str:
    """Say what something is merged into, or what into it."""
    if into := one["after"].get("into"):
        return f"merge into {_named(one['kind'], into, names)}"
    return f"take in {', '.join(_named(one['kind'], id_, names) for id_ in one['after'].get('from', ()))}"


def _moved(one: Document, names: Names, *, with_ids: bool) -> Iterator[str]:
    """Name what is added to lists, or removed from them."""
    for name, after in one["after"].items():
        before = one["before"].get(name)
        if not isinstance(after, list) or not isinstance(before, list):
            yield f"{name} {_value(after)}"
            continue
        more, less = (before, after) if one["operation"] == "remove" else (after, before)
        for id_ in more:
            if id_ not in less:
                yield _named(name.removesuffix(_IDS), id_, names, with_id=with_ids)


def _named(kind: str, id_: str, names: Names, *, with_id: bool = True) -> str:
    if id_.startswith(_NEW):
        return f"the new {kind} {id_.removeprefix(_NEW)}"
    called = names.get((kind, id_))
    if not called:
        return f"{kind} {id_}"
    return f"{called} ({kind} {id_})" if with_id else called


def _field(name: str, value: object, names: Names) -> str:
    """Say what a field is; ids with the names that are known."""
    if not (name.endswith(_IDS) and isinstance(value, list) and value):
        return _value(value)
    return ", ".join(_named(name.removesuffix(_IDS), str(id_), names) for id_ in value)


def _state(one: Document) -> str:
    return "undone" if one["undone_by"] is not None else str(one["state"])


def _value(value: object) -> str:
    text = in_words(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _text(words: str) -> Text:
    """Return words as they are: rich reads a str for markup."""
    return Text(visible(words))
