"""The tables of a public release's `performers.db` -> performers with their faces, ordered by their universal ids.

Every table is read once, sorted by the database; only who has which id is held in memory.
"""

import itertools
import math
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stash_sense.errors import PublicReleaseDamaged, PublicReleaseIncomplete
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.ids import SHORT_NAMES, domain_of, is_universal_id, universal_id
from stash_sense.performers.public.limits import PEOPLE, PublicLimits
from stash_sense.performers.records import (
    Alias,
    BodyMark,
    BodyProportions,
    FaceRecord,
    PerformerRecord,
    StashBoxId,
    TattooDetection,
)
from stash_sense.performers.temporary import storage_error_of

_STEPS = 100_000
"""Of the database's own machine, between two looks at whether somebody asked to stop: some milliseconds."""
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "performers": ("id", "canonical_name"),
    "stashbox_ids": ("performer_id", "endpoint", "stashbox_performer_id"),
    "faces": ("performer_id", "facenet_index", "arcface_index"),
}
_FACTS: Mapping[str, tuple[str, ...]] = {
    "stashbox_ids": ("endpoint", "stashbox_performer_id"),
    "aliases": ("alias", "source_endpoint"),
    "body_proportions": ("shoulder_hip_ratio", "leg_torso_ratio", "arm_span_height_ratio", "confidence"),
    "tattoos": ("location", "description"),
    "piercings": ("location", "description"),
    "tattoo_detections": ("has_tattoos", "confidence", "detections_json"),
    "external_urls": ("url",),
}
_TEXTS = {
    "disambiguation": "disambiguation",
    "gender": "gender",
    "country": "country",
    "ethnicity": "ethnicity",
    "birth_date": "birth_date",
    "death_date": "death_date",
    "eye_color": "eye_color",
    "hair_color": "hair_color",
    "stashdb_updated_at": "upstream_updated_at",
    "image_url": "image_url",
}
_NUMBERS = ("height_cm", "career_start_year", "career_end_year", "scene_count")
_FACE = ("facenet_index", "arcface_index", "image_url", "source_endpoint", "quality_score", "yaw", "pruned")
_PRECEDENCE = {domain: place for place, domain in enumerate(SHORT_NAMES.values())}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PublicFace:
    """A row of the table of faces: where its vectors are in each index (None: nowhere), and what else is known."""

    facenet: int | None
    arcface: int | None
    pruned: bool
    record: FaceRecord


@dataclass(frozen=True, slots=True)
class PublicPerformer:
    """A performer, the number of their row in the table, and their faces by index.

    `faces_left_out` says how many are more than one performer may have.
    """

    number: int
    record: PerformerRecord
    faces: tuple[PublicFace, ...]
    faces_left_out: int


class PublicPeople:
    """The tables, open to read.

    Attributes:
        performer_count, face_count: rows of their tables.
    """

    def __init__(self, path: Path, release: Path, limits: PublicLimits, cancel: CancelToken) -> None:
        """Open a database; nothing in it is ever run but the columns of its tables read.

        Args:
            path: the file.
            release: to name in errors.
            limits: how much it may hold.
            cancel: looked at while it is sorted.

        Raises:
            PublicReleaseDamaged: it is no database, a damaged one, or one that holds too much.
            PublicReleaseIncomplete: it lacks a table or column.
        """
        self._release, self._limits, self._cancel = release, limits, cancel
        with self._errors():
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            try:
                self._harden()
                self._columns = self._tables()
                self._check()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def ids(self) -> Iterator[tuple[int, str]]:
        """Give the number of a performer and one of their universal ids, for all, in the order of the numbers."""
        query = "SELECT performer_id, endpoint, stashbox_performer_id FROM stashbox_ids ORDER BY performer_id"
        with self._errors(), closing(self._db.execute(query)) as rows:
            for number, endpoint, there in rows:
                name = universal_id(_domain(endpoint), there) if isinstance(there, str) else ""
                if isinstance(number, int) and is_universal_id(name):
                    yield number, name

    def performers(self, ids: Mapping[int, str]) -> Generator[PublicPerformer, None, None]:
        """Give performers with all that is known of them, in the order of their universal ids; to be closed.

        Args:
            ids: the universal id under which to give each, by number; the others are left out.
        """
        ranks = {number: rank for rank, number in enumerate(sorted(ids, key=ids.__getitem__))}
        self._db.create_function("stash_sense_rank", 1, ranks.get, deterministic=True)
        columns = ("id", "canonical_name", *_TEXTS, *_NUMBERS)
        with self._errors(), ExitStack() as stack:

            def opened(table: str, columns: Sequence[str], then: str = "") -> Iterator[Row]:
                return stack.enter_context(closing(self._sorted(table, columns, then)))

            facts = {table: _Grouped(opened(table, columns)) for table, columns in _FACTS.items()}
            faces = _Grouped(opened("faces", _FACE, ", facenet_index, arcface_index"))
            for rank, rows in itertools.groupby(opened("performers", columns), key=itemgetter(0)):
                row = dict(zip(columns, next(rows)[1:], strict=True))
                known = {name: table.of(rank, self._limits.facts_of_performer)[0] for name, table in facts.items()}
                own, more = faces.of(rank, self._limits.faces_of_performer)
                record = _performer(ids[row["id"]], row, known)
                yield PublicPerformer(row["id"], record, tuple(map(_face, own)), more)

    def _harden(self) -> None:
        db = self._db
        db.text_factory = lambda content: content.decode("utf-8", "replace").replace("\0", "")
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self._limits.text_bytes)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.set_progress_handler(lambda: self._cancel.is_cancelled, _STEPS)
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
            db.execute(f"PRAGMA {pragma}")

    def _tables(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each table that is one: no view, and nothing that a module of code answers for."""
        columns: dict[str, tuple[str, ...]] = {}
        for table in ("performers", "faces", *_FACTS):
            query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? AND rootpage > 0"
            if self._db.execute(query, (table,)).fetchone() is not None:
                columns[table] = tuple(row[1] for row in self._db.execute(f"PRAGMA table_info({table})"))
            if lacking := [name for name in _NEEDED.get(table, ()) if name not in columns.get(table, ())]:
                what = f"the column {table}.{lacking[0]}" if table in columns else f"the table {table}"
                raise PublicReleaseIncomplete(path=self._release, missing=f"{what} in {PEOPLE}")
        return columns

    def _check(self) -> None:
        with closing(self._db.execute("PRAGMA quick_check(1)")) as rows:
            found = str(rows.fetchone()[0])
        if found != "ok":
            raise PublicReleaseDamaged(path=self._release, file=PEOPLE, reason=f"is damaged inside ({found[:200]})")
        counts = {table: int(self._db.execute(_COUNT[table]).fetchone()[0]) for table in self._columns}
        self.performer_count, self.face_count = counts["performers"], counts["faces"]
        most = {"performers": self._limits.performers, "faces": self._limits.faces}
        for table, count in counts.items():
            if count > most.get(table, 10 * self._limits.performers):
                raise PublicReleaseDamaged(path=self._release, file=PEOPLE, reason=f"has {count} rows in {table}")

    def _sorted(self, table: str, columns: Sequence[str], then: str) -> Generator[Row, None, None]:
        """Give the rows of a table: the rank of the performer, then the columns, empty those that are not there."""
        if table not in self._columns:
            return
        there = [name if name in self._columns[table] else f"NULL AS {name}" for name in columns]
        owner = "id" if table == "performers" else "performer_id"
        # Of whole numbers only: a text that is none would be an error of the function's.
        rank = f"CASE typeof({owner}) WHEN 'integer' THEN stash_sense_rank({owner}) END AS rank"
        ranked = f"SELECT {rank}, {', '.join(there)} FROM {table}"  # noqa: S608
        query = f"SELECT rank, {', '.join(columns)} FROM ({ranked}) WHERE rank IS NOT NULL ORDER BY rank{then}"  # noqa: S608
        with closing(self._db.execute(query)) as rows:
            yield from rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            self._cancel.raise_if_cancelled()
            if (storage := storage_error_of(error)) is not None:  # where it sorts
                raise storage from error
            reason = f"cannot be read ({error})"
            raise PublicReleaseDamaged(path=self._release, file=PEOPLE, reason=reason) from error


_COUNT = {table: f"SELECT count(*) FROM {table}" for table in ("performers", "faces", *_FACTS)}  # noqa: S608


class _Grouped:
    """Rows that ascend by rank, given rank by rank."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, rank: int, most: int) -> tuple[list[Row], int]:
        """Return the first rows of a rank without it, and how many more there are; ranks asked for must ascend."""
        found: list[Row] = []
        more = 0
        while self._next is not None and self._next[0] <= rank:
            if self._next[0] == rank and len(found) < most:
                found.append(self._next[1:])
            elif self._next[0] == rank:
                more += 1
            self._next = next(self._rows, None)
        return found, more


def _performer(name: str, row: Mapping[str, Any], facts: Mapping[str, list[Row]]) -> PerformerRecord:
    bodies, detections = facts["body_proportions"], facts["tattoo_detections"]
    plain: dict[str, Any] = {field: _text(row[column]) for column, field in _TEXTS.items()}
    plain |= {field: _whole(row[field]) for field in _NUMBERS}
    return PerformerRecord(
        universal_id=name,
        name=_text(row["canonical_name"]) or name,
        **plain,
        stashbox_ids=_unique(
            facts["stashbox_ids"],
            lambda row: StashBoxId(_domain(row[0]), row[1]) if _text(row[0]) and _text(row[1]) else None,
        ),
        aliases=_unique(facts["aliases"], lambda row: Alias(row[0], _domain(row[1])) if _text(row[0]) else None),
        body=BodyProportions(*map(_number, bodies[0])) if bodies else None,
        tattoos=_unique(facts["tattoos"], _mark),
        piercings=_unique(facts["piercings"], _mark),
        tattoo_detection=_detection(detections[0]) if detections else None,
        urls=_unique(facts["external_urls"], lambda row: _text(row[0])),
    )


def _face(row: Row) -> PublicFace:
    facenet, arcface, image_url, source, quality, yaw, pruned = row
    worth = _number(quality)
    record = FaceRecord(
        image_url=_text(image_url),
        source=_domain(source),
        quality=worth if worth is not None and worth > 0 else None,
        yaw=_number(yaw),
    )
    return PublicFace(_index(facenet), _index(arcface), bool(pruned), record)


def _unique(rows: list[Row], made: Callable[[Row], Any]) -> tuple[Any, ...]:
    """Make something of each row; each once, without those of which nothing is made, in an order of their own."""
    return tuple(sorted({fact for fact in map(made, rows) if fact is not None}))


def _mark(row: Row) -> BodyMark | None:
    location, description = _text(row[0]), _text(row[1])
    return BodyMark(location or "", description or "") if location or description else None


def _detection(row: Row) -> TattooDetection:
    return TattooDetection(bool(row[0]), _number(row[1]), _text(row[2]))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and abs(number) < 1e9 else None


def _index(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _domain(endpoint: object) -> str:
    """Return the domain of an endpoint, of which the short name, the domain or the address is given."""
    text = _text(endpoint) or ""
    if "://" in text:
        try:
            return urlsplit(text).netloc.lower()
        except ValueError:
            return ""
    return domain_of(text)


def precedence(name: str) -> tuple[int, str]:
    """Return by what to choose among several universal ids of one performer: the smallest."""
    return _PRECEDENCE.get(name.partition(":")[0], len(_PRECEDENCE)), name
