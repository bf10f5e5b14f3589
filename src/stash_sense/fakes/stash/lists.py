"""findX and findXs of the six kinds of things."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from stash_sense.fakes.stash import filters
from stash_sense.fakes.stash.fields import Arguments, Context, query
from stash_sense.fakes.stash.finding import Judge, by_id, by_ids, page_of, searched, sorted_rows
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.sorts import SORTS
from stash_sense.fakes.stash.state import State


@dataclass(frozen=True)
class Kind:
    """One kind of things.

    Attributes:
        table: its rows, and the name of the list in the answer.
        one: name of the query of one.
        filtered: name of the argument that is its filter.
        judge: reads that filter.
        many: name of the query of several.
        default: sort where none is asked for.
        texts: of a row, in which is searched.
        totals: further fields of the answer, from all rows that were found.
    """

    table: str
    one: str
    many: str
    filtered: str
    judge: Callable[[State, Any], Judge]
    default: str
    texts: Callable[[State, Row], Iterable[str]]
    totals: Mapping[str, Callable[[State, list[Row]], float]]


def files_of(state: State, row: Row) -> list[Row]:
    """Return the files of a row, the primary one first."""
    return state.rows("files", row["files"])


def _of_looked_at(state: State, row: Row) -> Iterable[str]:
    found = [row["title"], row["details"]]
    for file in files_of(state, row):
        found += [file["path"], *(own["value"] for own in file["fingerprints"])]
    return found


def _of_gallery(state: State, row: Row) -> Iterable[str]:
    folder = [] if row["folder"] is None else [state.tables["folders"][row["folder"]]["path"]]
    return [*_of_looked_at(state, row), *folder]


def _of_named(_state: State, row: Row) -> Iterable[str]:
    return [row["name"], *row["aliases"]]


def _primary(value: Callable[[Row], float]) -> Callable[[State, list[Row]], float]:
    return lambda state, rows: sum(value(state.tables["files"][row["files"][0]]) for row in rows if row["files"])


_SIZE = _primary(lambda file: file["size"])
_DURATION = _primary(lambda file: file["duration"])
_PIXELS = _primary(lambda file: file["width"] * file["height"])

KINDS = (
    Kind(
        "scenes",
        "findScene",
        "findScenes",
        "scene_filter",
        filters.scenes,
        "id",
        _of_looked_at,
        {"duration": lambda state, rows: round(_DURATION(state, rows), 6), "filesize": _SIZE},
    ),
    Kind(
        "images",
        "findImage",
        "findImages",
        "image_filter",
        filters.images,
        "id",
        _of_looked_at,
        {"megapixels": lambda state, rows: _PIXELS(state, rows) // 1_000_000, "filesize": _SIZE},
    ),
    Kind("galleries", "findGallery", "findGalleries", "gallery_filter", filters.galleries, "id", _of_gallery, {}),
    Kind(
        "performers", "findPerformer", "findPerformers", "performer_filter", filters.performers, "name", _of_named, {}
    ),
    Kind("studios", "findStudio", "findStudios", "studio_filter", filters.studios, "name", _of_named, {}),
    Kind("tags", "findTag", "findTags", "tag_filter", filters.tags, "name", _of_named, {}),
)


def found(context: Context, kind: Kind, arguments: Arguments) -> list[Row] | None:
    """Return the rows that a filter and a search leave, None for all of them."""
    state = context.state
    judges: list[Judge] = []
    if told := arguments.get(kind.filtered):
        judges.append(kind.judge(state, told))
    if words := (arguments.get("filter") or {}).get("q"):
        judges.append(searched(words, lambda row: kind.texts(state, row)))
    if not judges:
        return None
    return [row for row in state.tables[kind.table].values() if all(judge(row) for judge in judges)]


def answered(context: Context, kind: Kind, arguments: Arguments) -> Row:
    """Return what the query of several answers."""
    state, asked = context.state, arguments.get("filter") or {}
    if arguments.get("ids"):
        every = shown = by_ids(state, kind.table, arguments["ids"])
    else:
        every = sorted_rows(
            state, kind.table, found(context, kind, arguments), asked, SORTS[kind.table], kind.default
        )
        shown = page_of(every, asked)
    return {
        "count": len(every),
        kind.table: shown,
        **{name: partial(total, state, every) for name, total in kind.totals.items()},
    }


def one(state: State, table: str, arguments: Arguments) -> Row | None:
    """Return what the query of one answers: by id, or by the MD5 sum of a file."""
    if arguments.get("id") is not None:
        return by_id(state, table, arguments["id"])
    wanted = {"type": "md5", "value": arguments.get("checksum")}
    rows = state.tables[table].values()
    return next((row for row in rows if any(wanted in file["fingerprints"] for file in files_of(state, row))), None)


def _registered(kind: Kind) -> None:
    query(kind.one)(lambda context, arguments: one(context.state, kind.table, arguments))
    query(kind.many)(lambda context, arguments: answered(context, kind, arguments))


for _kind in KINDS:
    _registered(_kind)
