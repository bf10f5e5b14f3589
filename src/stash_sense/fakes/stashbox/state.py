"""What a community database holds: rows by kind and id, as its answers write them, and what happens to them."""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stash_sense.fakes.stashbox.document import check

Row = dict[str, Any]

_NAMED: Row = {"deleted": False, "aliases": []}
_DEFAULTS: Mapping[str, Row] = {
    "performers": {
        **dict.fromkeys(
            (
                *("disambiguation", "gender", "birth_date", "death_date", "age", "ethnicity", "country", "eye_color"),
                *("hair_color", "height", "cup_size", "band_size", "waist_size", "hip_size", "breast_type"),
                *("career_start_year", "career_end_year", "tattoos", "piercings", "merged_into_id"),
            )
        ),
        **_NAMED,
        "urls": [],
        "images": [],
        "merged_ids": [],
        "is_favorite": False,
    },
    "scenes": {
        **dict.fromkeys(
            ("title", "details", "release_date", "production_date", "studio", "duration", "director", "code")
        ),
        "deleted": False,
        "urls": [],
        "tags": [],
        "images": [],
        "performers": [],
        "fingerprints": [],
    },
    "studios": {**_NAMED, "urls": [], "images": [], "parent": None, "is_favorite": False},
    "tags": {**_NAMED, "description": None, "category": None},
    "edits": {"merge_sources": [], "applied": True, "status": "IMMEDIATE_ACCEPTED", "updated": None, "closed": None},
}
_TYPE_NAMES = {
    "performers": "Performer",
    "scenes": "Scene",
    "studios": "Studio",
    "tags": "Tag",
    "edits": "Edit",
}
_FINGERPRINT: Row = {"duration": 0, "submissions": 1, "reports": 0, "user_submitted": False, "user_reported": False}
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class State:
    """Rows by kind ("performers", "scenes", "studios", "tags", "edits") and id; safe to use from several threads.

    Args:
        document: lists of rows by kind; what a row leaves out is empty, and a row without id or times is given them.

    Raises:
        ValueError: it is no such document.
    """

    def __init__(self, document: Mapping[str, Iterable[Mapping[str, Any]]] | None = None) -> None:
        check({} if document is None else document)
        self.lock = threading.RLock()
        self._rows: dict[str, dict[str, Row]] = {kind: {} for kind in _DEFAULTS}
        self._moment = _BEGINNING
        for kind, rows in (document or {}).items():
            for row in rows:
                self.put(kind, **row)

    def find(self, kind: str, row_id: str) -> Row | None:
        """Return a row by its id, deleted or not; None if there is none."""
        return self._rows[kind].get(row_id.lower())

    def listed(self, kind: str) -> Iterator[Row]:
        """Give the rows that lists show: those that are not deleted."""
        return (row for row in list(self._rows[kind].values()) if not row.get("deleted"))

    def put(self, kind: str, **values: Any) -> str:
        """Add a row, or change one; returns its id. What happens later is newer than all before."""
        with self.lock:
            row_id = (values.get("id") or "").lower() or str(
                uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {len(self._rows[kind])}")
            )
            known = self._rows[kind].get(row_id)
            row = known if known is not None else {**_copied(_DEFAULTS[kind]), "created": self._now()}
            row.update(updated=self._now())
            row.update(values, id=row_id, __typename=_TYPE_NAMES[kind])
            self._moment = max(self._moment, *(instant(row[told]) for told in ("created", "updated")))
            for number, found in enumerate(row.get("fingerprints", ())):
                times = {"created": row["created"], "updated": row["updated"]}
                row["fingerprints"][number] = {**_FINGERPRINT, **times, **found}
            self._rows[kind][row_id] = row
            return str(row_id)

    def delete(self, kind: str, row_id: str) -> None:
        """Delete a row, as an applied edit does: it can still be found by its id."""
        with self.lock:
            self.put(kind, id=row_id, deleted=True)
            self._edit("DESTROY", kind, row_id, [])

    def merge(self, kind: str, sources: Iterable[str], target: str) -> None:
        """Merge rows into another, as an applied edit does; only performers say where they went."""
        gone = list(sources)
        with self.lock:
            for source in gone:
                merged: Row = {"merged_into_id": target, "scene_count": 0} if kind == "performers" else {}
                self.put(kind, id=source, deleted=True, **merged)
                self._credit(kind, source, target)
            if kind == "performers":
                before = self._rows[kind][target]["merged_ids"]
                earlier = [row["id"] for row in self._rows[kind].values() if row["merged_into_id"] in gone]
                for row_id in earlier:
                    self._rows[kind][row_id]["merged_into_id"] = target
                self.put(kind, id=target, merged_ids=[*before, *gone, *earlier])
            self._edit("MERGE", kind, target, gone)

    def _credit(self, kind: str, source: str, target: str) -> None:
        """Give the scenes of a merged performer to the other one, under the old name."""
        if kind != "performers":
            return
        name = self._rows[kind][source]["name"]
        for scene in self._rows["scenes"].values():
            for part in scene["performers"]:
                if part["performer"]["id"] == source:
                    part.update({"performer": {"id": target}, "as": part.get("as") or name})

    def _edit(self, operation: str, kind: str, target: str, sources: list[str]) -> None:
        now = self._now()
        told = {"operation": operation, "target_type": _TYPE_NAMES[kind].upper(), "closed": now}
        merged = [{"id": source} for source in sources]
        self.put("edits", **told, target={"id": target}, merge_sources=merged)

    def _now(self) -> str:
        """Return a moment after all others of this state; no clock is asked, so that runs are alike."""
        self._moment += timedelta(milliseconds=1)
        return self._moment.isoformat().replace("+00:00", "Z")


def instant(text: str | None) -> datetime:
    """Read a time as answers write it; what is missing is older than everything."""
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _copied(row: Row) -> Row:
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items()}
