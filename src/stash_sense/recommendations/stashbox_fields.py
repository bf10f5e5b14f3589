"""A performer of a stash-box -> the fields of a performer of Stash, written as Stash writes them when it scrapes.

What nobody has filled in is left out, and so is what Stash would refuse: strangers write what they like. Compound
fields are made only of what is there, and never so that one part could be taken for another.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from stash_sense.library.people import Performer as OurPerformer
from stash_sense.stashbox.entities import BodyMark, Performer

GENDERS = frozenset({"MALE", "FEMALE", "TRANSGENDER_MALE", "TRANSGENDER_FEMALE", "INTERSEX", "NON_BINARY"})
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_WEB = ("https://", "http://")
_NOT_TOLD = ("NA", "OTHER")
"""Of the choices of a stash-box, those that say nothing."""
_BUST = re.compile(r"[A-Z]{1,5}", re.ASCII)


def fields_of(performer: Performer, endpoint: str, *, has_career_years: bool) -> dict[str, Any]:
    """Return the fields, without the picture.

    Args:
        performer: of the stash-box.
        endpoint: its address.
        has_career_years: whether this Stash keeps start and end of a career by themselves.
    """
    birth, death = _day(performer.birth_date), _day(performer.death_date)
    if birth and death and _first_day(death) < _first_day(birth):
        death = ""  # Stash refuses both then
    fields: dict[str, Any] = {
        "name": performer.name.strip(),
        "disambiguation": performer.disambiguation.strip(),
        "alias_list": aliases(performer.name, performer.aliases),
        "gender": performer.gender if performer.gender in GENDERS else "",
        "birthdate": birth,
        "death_date": death,
        "country": performer.country.strip(),
        "ethnicity": _words(performer.ethnicity),
        "eye_color": _words(performer.eye_color),
        "hair_color": _words(performer.hair_color),
        "height_cm": performer.height_cm if performer.height_cm and performer.height_cm > 0 else None,
        "measurements": measurements(performer),
        "fake_tits": _words(performer.breast_type),
        "tattoos": _marks(performer.tattoos),
        "piercings": _marks(performer.piercings),
        "urls": list(dict.fromkeys(link.url for link in performer.links if link.url.startswith(_WEB))),
        **_career(performer, has_career_years),
    }
    told = {name: value for name, value in fields.items() if value not in ("", None, [])}
    return {**told, "stash_ids": [{"endpoint": endpoint, "stash_id": performer.id}]}


def missing_fields(ours: OurPerformer, fields: dict[str, Any]) -> dict[str, Any]:
    """Return those of `fields` that fill in what is empty in Stash; what is there stays, lists become longer.

    Names and ids at stash-boxes are left out.
    """
    there = {"career_length": ours.career, "alias_list": ours.aliases}
    more: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("name", "disambiguation", "stash_ids"):
            continue
        now = there.get(name, getattr(ours, name, None))
        if name == "alias_list":
            united = aliases(ours.name, (*ours.aliases, *value))
            more |= {name: united} if len(united) > len(ours.aliases) else {}
        elif name == "urls":
            united = list(dict.fromkeys((*ours.urls, *value)))
            more |= {name: united} if len(united) > len(ours.urls) else {}
        elif name in ("career_start", "career_end", "career_length") and ours.career:
            continue  # of a career that somebody has written, no part is put together with another one
        elif now in ("", None):
            more[name] = value
    return more


def portrait_of(performer: Performer) -> str:
    """Return the address of the first picture; empty where there is none that Stash can fetch."""
    return next((picture.url for picture in performer.pictures if picture.url.startswith(_WEB)), "")


def measurements(performer: Performer) -> str:
    """Write "34C-24-34", or as much of its beginning as is there: "24-34" would be taken for a bust and a waist."""
    cup = performer.cup_size.strip().upper()
    if not performer.band_size or performer.band_size < 0:
        return ""
    parts = [f"{performer.band_size}{cup if _BUST.fullmatch(cup) else ''}"]
    for size in (performer.waist_size, performer.hip_size):
        if not size or size < 0:
            break
        parts.append(str(size))
    return "-".join(parts)


def aliases(name: str, others: Iterable[str]) -> list[str]:
    """Return other names, each once in any case: Stash refuses what is the name already, or twice there."""
    taken = {name.strip().casefold(), ""}
    found = []
    for other in others:
        bare = other.strip()
        if bare.casefold() not in taken:
            taken.add(bare.casefold())
            found.append(bare)
    return found


def _career(performer: Performer, has_years: bool) -> dict[str, str]:
    start, end = (str(year) if year and 1000 <= year <= 9999 else "" for year in _years(performer))
    if has_years:
        return {"career_start": start, "career_end": end}
    return {"career_length": f"{start} - {end}".strip() if start or end else ""}


def _years(performer: Performer) -> tuple[int | None, int | None]:
    return performer.career_start_year, performer.career_end_year


def _day(text: str) -> str:
    """Return a date as far as it is known; empty for "yesterday" and the 30th of February."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return ""
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return ""
    return match.group()


def _first_day(day: str) -> str:
    """Return the first day that a date may mean, as Stash compares them."""
    return (day + "-01-01")[:10]


def _words(choice: str) -> str:
    """Write MIDDLE_EASTERN as Stash does: "Middle Eastern"."""
    return "" if choice in _NOT_TOLD else choice.replace("_", " ").title()


def _marks(marks: Iterable[BodyMark]) -> str:
    """Write "Left arm, rose; Back"."""
    told = (", ".join(part for part in (mark.location.strip(), mark.description.strip()) if part) for mark in marks)
    return "; ".join(one for one in told if one)
