"""The fields that are not simply read from a row: rows name each other by id, and old fields are made of new ones."""

from typing import Any

from stash_sense.fakes.graphql.engine import Resolver
from stash_sense.fakes.stashbox.asking import Asking
from stash_sense.fakes.stashbox.fingerprints import written
from stash_sense.fakes.stashbox.state import Row, State

_KINDS = {"PERFORMER": "performers", "SCENE": "scenes", "STUDIO": "studios", "TAG": "tags"}


def _full(kind: str, field: str) -> Resolver:
    """Rows name each other by id only."""

    def resolve(row: Row, asking: Asking, _: Any) -> Any:
        told = row[field]
        if isinstance(told, list):
            return [asking.state.find(kind, one["id"]) for one in told]
        return told and asking.state.find(kind, told["id"])

    return resolve


def _edits(row: Row, asking: Asking, _: Any) -> list[Row]:
    return [edit for edit in asking.state.listed("edits") if edit["target"]["id"] == row["id"]]


def _target(row: Row, asking: Asking, _: Any) -> Row | None:
    return asking.state.find(_KINDS[row["target_type"]], row["target"]["id"])


def _merge_sources(row: Row, asking: Asking, _: Any) -> list[Row | None]:
    return [asking.state.find(_KINDS[row["target_type"]], one["id"]) for one in row["merge_sources"]]


def _studios(row: Row, asking: Asking, _: Any) -> list[Row]:
    counts: dict[str, int] = {}
    for scene in scenes_of(asking.state, row):
        if scene["studio"]:
            counts[scene["studio"]["id"]] = counts.get(scene["studio"]["id"], 0) + 1
    return [{"studio": asking.state.find("studios", one), "scene_count": count} for one, count in counts.items()]


def _child_studios(row: Row, asking: Asking, _: Any) -> list[Row]:
    return [one for one in asking.state.listed("studios") if one["parent"] and one["parent"]["id"] == row["id"]]


def scenes_of(state: State, performer: Row) -> list[Row]:
    """Return the scenes that credit a performer."""
    return [
        scene
        for scene in state.listed("scenes")
        if any(part["performer"]["id"] == performer["id"] for part in scene["performers"])
    ]


def scene_count(state: State, performer: Row) -> int:
    """Return how many there are, as the row says or by counting."""
    told = performer.get("scene_count")
    return len(scenes_of(state, performer)) if told is None else int(told)


def _fuzzy(date: str | None) -> Row | None:
    """Write a date the old way: whole, with a word on how much of it is known."""
    if not date:
        return None
    accuracy = {4: "YEAR", 7: "MONTH"}.get(len(date), "DAY")
    return {"date": date + {"YEAR": "-01-01", "MONTH": "-01"}.get(accuracy, ""), "accuracy": accuracy}


def _picture_address(row: Row, address: str) -> str:
    """Lead to this server what another one of the kind served itself."""
    told, path = row.get("url") or "", f"/images/{row['id']}"
    return told if told and not told.endswith(path) else address + path


FIELDS: dict[str, Resolver] = {
    "Performer.birthdate": lambda row, *_: _fuzzy(row["birth_date"]),
    "Performer.measurements": lambda row, *_: {
        "cup_size": row["cup_size"],
        "band_size": row["band_size"],
        "waist": row["waist_size"],
        "hip": row["hip_size"],
    },
    "Performer.scene_count": lambda row, asking, _: scene_count(asking.state, row),
    "Performer.scenes": lambda row, asking, _: scenes_of(asking.state, row),
    "Performer.studios": _studios,
    "Performer.edits": _edits,
    "PerformerAppearance.performer": _full("performers", "performer"),
    "Scene.date": lambda row, *_: row["release_date"],
    "Scene.studio": _full("studios", "studio"),
    "Scene.tags": _full("tags", "tags"),
    "Scene.edits": _edits,
    "Scene.fingerprints": lambda row, _, told: [] if told.get("is_submitted") else row["fingerprints"],
    "Fingerprint.hash": lambda row, asking, _: written(row["hash"], asking.profile),
    "Studio.parent": _full("studios", "parent"),
    "Studio.child_studios": _child_studios,
    "Tag.edits": _edits,
    "Edit.target": _target,
    "Edit.merge_sources": _merge_sources,
    "URL.type": lambda row, *_: row["site"]["name"].upper(),
    "Site.url": lambda row, *_: row.get("url"),
    "Image.url": lambda row, asking, _: _picture_address(row, asking.address),
}
"""Their resolvers, by "Type.field"."""
