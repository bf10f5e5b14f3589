"""Performers, studios and tags out of what Stash answers."""

from stash_sense.adapters.stash.mapping import Rebase, Row, id_of, ids_of, moment, stash_ids
from stash_sense.library.people import Performer, Studio, Tag

_NO_PICTURE = "default=true"
"""In the address of the silhouette that Stash shows for those without a picture."""


def performer(row: Row, rebase: Rebase) -> Performer:
    """Read one performer."""
    return Performer(
        id=row["id"],
        name=row["name"],
        disambiguation=row["disambiguation"] or "",
        aliases=tuple(row["alias_list"]),
        gender=row["gender"] or "",
        birthdate=row["birthdate"] or "",
        death_date=row["death_date"] or "",
        country=row["country"] or "",
        ethnicity=row["ethnicity"] or "",
        eye_color=row["eye_color"] or "",
        hair_color=row["hair_color"] or "",
        height_cm=row["height_cm"],
        weight=row["weight"],
        measurements=row["measurements"] or "",
        fake_tits=row["fake_tits"] or "",
        penis_length=row["penis_length"],
        circumcised=row["circumcised"] or "",
        career=row["career_length"] or "",
        career_start=row.get("career_start") or "",
        career_end=row.get("career_end") or "",
        tattoos=row["tattoos"] or "",
        piercings=row["piercings"] or "",
        details=row["details"] or "",
        urls=tuple(row["urls"] or ()),
        favorite=row["favorite"],
        ignore_auto_tag=row["ignore_auto_tag"],
        rating100=row["rating100"],
        tag_ids=ids_of(row["tags"]),
        stash_ids=stash_ids(row["stash_ids"]),
        picture=_picture(row["image_path"], rebase),
        scene_count=row["scene_count"],
        image_count=row["image_count"],
        gallery_count=row["gallery_count"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        custom_fields=row["custom_fields"] or {},
    )


def studio(row: Row, rebase: Rebase) -> Studio:
    """Read one studio."""
    return Studio(
        id=row["id"],
        name=row["name"],
        aliases=tuple(row["aliases"]),
        urls=tuple(row["urls"]),
        details=row["details"] or "",
        parent_id=id_of(row["parent_studio"]),
        favorite=row["favorite"],
        ignore_auto_tag=row["ignore_auto_tag"],
        rating100=row["rating100"],
        tag_ids=ids_of(row["tags"]),
        stash_ids=stash_ids(row["stash_ids"]),
        picture=_picture(row["image_path"], rebase),
        scene_count=row["scene_count"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
    )


def tag(row: Row, _: Rebase) -> Tag:
    """Read one tag."""
    return Tag(
        id=row["id"],
        name=row["name"],
        sort_name=row["sort_name"] or "",
        aliases=tuple(row["aliases"]),
        description=row["description"] or "",
        favorite=row["favorite"],
        ignore_auto_tag=row["ignore_auto_tag"],
        parent_ids=ids_of(row["parents"]),
        stash_ids=stash_ids(row["stash_ids"]),
        scene_count=row["scene_count"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
    )


def _picture(address: str | None, rebase: Rebase) -> str:
    return rebase(address) if address and _NO_PICTURE not in address else ""
