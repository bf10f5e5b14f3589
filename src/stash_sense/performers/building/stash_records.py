"""A performer of Stash -> what the database says of them besides their faces."""

from stash_sense.library.people import Performer
from stash_sense.performers.building.foreign_texts import (
    date_of,
    height_of,
    stashbox_ids_of,
    text_of,
    texts_of,
    urls_of,
    year_of,
)
from stash_sense.performers.ids import stash_only_id, universal_id
from stash_sense.performers.records import Alias, PerformerRecord


def record_of(performer: Performer) -> PerformerRecord:
    """Say who somebody is: by the first of their ids at stash-boxes, else by the one that Stash alone gives them.

    How many scenes there are, and when the performer was changed, is left out: either would make a new version of
    the database of every scene that is tagged, and nobody would be recognised any better.
    """
    ids = stashbox_ids_of(performer.stash_ids)
    who = universal_id(ids[0].endpoint, ids[0].id) if ids else alone(performer)
    begun, _, ended = performer.career.partition("-")
    return PerformerRecord(
        universal_id=who,
        name=text_of(performer.name) or who,
        disambiguation=text_of(performer.disambiguation),
        gender=text_of(performer.gender),
        country=text_of(performer.country),
        ethnicity=text_of(performer.ethnicity),
        birth_date=date_of(performer.birthdate),
        death_date=date_of(performer.death_date),
        height_cm=height_of(performer.height_cm),
        eye_color=text_of(performer.eye_color),
        hair_color=text_of(performer.hair_color),
        career_start_year=year_of(performer.career_start or begun.strip()),
        career_end_year=year_of(performer.career_end or ended.strip()),
        stashbox_ids=ids,
        aliases=tuple(Alias(name) for name in texts_of(performer.aliases)),
        urls=urls_of(performer.urls),
    )


def alone(performer: Performer) -> str:
    """Return the universal id of a performer without the stash-boxes."""
    return stash_only_id(performer.id, performer.created_at)
