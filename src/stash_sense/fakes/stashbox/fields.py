"""The fields that are not simply read from a row: rows name each other by id, and old fields are made of new ones."""

from typing import Any

from stash_sense.fakes.graphql.engine import Resolver
from stash_sense.fakes.stashbox.fingerprints import written
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.state import Row, State

_KINDS = {"PERFORMER": "performers", "SCENE": "scenes", "STUDIO": "studios", "TAG": "tags"}


def fields(state: State, profile: Profile) -> dict[str, Resolver]:
    """Return their resolvers, by "Type.field"."""

    def full(kind: str, field: str) -> Resolver:
        """Rows name each other by id only."""

        def resolve(row: Row, *_: Any) -> Any:
            told = row[field]
            if isinstance(told, list):
                return [state.find(kind, one["id"]) for one in told]
            return told and state.find(kind, told["id"])

        return resolve

    def edits(row: Row, *_: Any) -> list[Row]:
        return [edit for edit in state.listed("edits") if edit["target"]["id"] == row["id"]]

    def target(row: Row, *_: Any) -> Row | None:
        return state.find(_KINDS[row["target_type"]], row["target"]["id"])

    def merge_sources(row: Row, *_: Any) -> list[Row | None]:
        return [state.find(_KINDS[row["target_type"]], one["id"]) for one in row["merge_sources"]]

    def studios(row: Row, *_: Any) -> list[Row]:
        counts: dict[str, int] = {}
        for scene in scenes_of(state, row):
            if scene["studio"]:
                counts[scene["studio"]["id"]] = counts.get(scene["studio"]["id"], 0) + 1
        return [{"studio": state.find("studios", one), "scene_count": count} for one, count in counts.items()]

    return {
        "Performer.birthdate": lambda row, *_: _fuzzy(row["birth_date"]),
        "Performer.measurements": lambda row, *_: {
            "cup_size": row["cup_size"],
            "band_size": row["band_size"],
            "waist": row["waist_size"],
            "hip": row["hip_size"],
        },
        "Performer.scene_count": lambda row, *_: scene_count(state, row),
        "Performer.scenes": lambda row, *_: scenes_of(state, row),
        "Performer.studios": studios,
        "Performer.is_favorite": lambda *_: False,
        "Performer.edits": edits,
        "PerformerAppearance.performer": full("performers", "performer"),
        "Scene.date": lambda row, *_: row["release_date"],
        "Scene.studio": full("studios", "studio"),
        "Scene.tags": full("tags", "tags"),
        "Scene.edits": edits,
        "Scene.fingerprints": lambda row, _, told: [] if told.get("is_submitted") else row["fingerprints"],
        "Fingerprint.hash": lambda row, *_: written(row["hash"], profile),
        "Studio.parent": full("studios", "parent"),
        "Studio.is_favorite": lambda *_: False,
        "Studio.child_studios": lambda row, *_: [
            one for one in state.listed("studios") if one["parent"] and one["parent"]["id"] == row["id"]
        ],
        "Tag.edits": edits,
        "Edit.target": target,
        "Edit.merge_sources": merge_sources,
        "URL.type": lambda row, *_: row["site"]["name"].upper(),
        "Site.url": lambda row, *_: row.get("url"),
        "Image.url": lambda row, asking, _: _picture_address(row, asking.address),
    }


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
