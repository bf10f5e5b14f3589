"""Times, shares, counts and names as people read them, the same in the terminal and on the page."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from stash_sense.performers.ids import STASH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash_sense.identification.reasons import RunnerUp
    from stash_sense.identification.result import Identification, NamedPerson, SeenPerson
    from stash_sense.performers.records import ReferencePicture

NOT_KNOWN = "\N{EN DASH}"
"""Stands where there is nothing to say: the time of a picture, a length that is not known."""

_PLACES = {"file": "the file", "stream": "Stash", "sprites": "the sprites"}
"""Where frames come from (`identification.subject.FramesFrom`)."""

_SOURCES = {STASH: "a picture in Stash", "folder": "a picture in a folder that the database was built of"}
"""Where a reference picture is of which a database tells no more."""

WORTH_TELLING = 0.005
"""Probability of somebody else from which it is told: below, it would say <1%."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Turn the direction of the text that follows a name, and so can make it read as something else."""

_UNPRINTABLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
"""Unicode categories: controls (escape sequences start with one), surrogates, line and paragraph breaks."""


def visible(text: str) -> str:
    """Return the text with what a terminal or a page would obey written out, such as `\\x1b` or `\\u202e`.

    A byte of a file name that is not UTF-8 (PEP 383: a lone surrogate) is written as that byte, `\\xff`.
    The result can always be encoded as UTF-8 and never spans lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(char) if _is_obeyed(char) else char for char in text)


def _is_obeyed(char: str) -> bool:
    return char in _BIDI_CONTROLS or unicodedata.category(char) in _UNPRINTABLE


def _written_out(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("ascii", "backslashreplace").decode() if code > 0x7F else repr(char)[1:-1]


def clock(seconds: float | None) -> str:
    """Return a time or length as m:ss or h:mm:ss, to the nearest second."""
    if seconds is None or not math.isfinite(seconds):
        return NOT_KNOWN
    whole = max(0, math.floor(seconds + 0.5))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def took(milliseconds: float | None) -> str:
    """Return how long work took: `2.1 s`, `34 s`, `1:05 min`."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return NOT_KNOWN
    seconds = milliseconds / 1000.0
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 59.5 else f"{clock(seconds)} {'min' if seconds < 3599.5 else 'h'}"


def percent(probability: float) -> str:
    """Return a probability in whole percent; never 0% or 100%, because an estimate is never sure."""
    if not math.isfinite(probability):
        return NOT_KNOWN
    if probability > 0.995:
        return ">99%"
    return "<1%" if probability < 0.005 else f"{probability:.0%}"


def distance(value: float) -> str:
    """Return a distance with the three decimals that tell faces apart."""
    return f"{value:.3f}" if math.isfinite(value) else NOT_KNOWN


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 file` or `1,204 files`; `many` where the plural is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unknown_name(place: int) -> str:
    """Return what the unknown person at the given place, counted from 0, is called."""
    return f"unknown person {place + 1}"


def span(person: SeenPerson) -> tuple[float, float] | None:
    """Return when, in seconds, the person is first and last seen; None in a picture."""
    times = [float(sighting.t) for sighting in person.sightings if sighting.t is not None]
    times = [t for t in times if math.isfinite(t)]
    return (min(times), max(times)) if times else None


def in_library(result: Identification) -> Iterator[str]:
    """Yield what there is to say about something of Stash, line by line; nothing about a file."""
    facts = result.library
    if facts is None or facts.frames_from is None:
        return
    cover = " and the cover" if facts.with_cover else ""
    yield f"frames from {_PLACES[facts.frames_from]}{cover}"
    for attempt in facts.attempts:
        yield f"not from {_PLACES[attempt.frames_from]}: {attempt.failure.message}"
    if unseen := [one.name for one in facts.performers if one.person_ids and not one.seen]:
        yield f"tagged, but not recognised: {', '.join(unseen)}"
    if strange := [one.name for one in facts.performers if not one.person_ids]:
        yield f"tagged, but not in the database: {', '.join(strange)}"


def against(person: SeenPerson) -> str:
    """Return why the next likely person has not got the name, in a sentence; empty where there is none."""
    # Imported here: commands that say nothing of people need no numpy.
    from stash_sense.identification.reasons import Because
    from stash_sense.identification.result import NamedPerson

    rival = person.runner_up
    if rival is None:
        return ""
    other = person.alternatives[0]
    share = percent(other.probability)
    if rival.because is Because.NOT_TWICE:
        return (
            f"It would be {other.name}, {share}, but another face in the same frame is more surely that person, and "
            "nobody is in a frame twice."
        )
    if rival.because is Because.UNSURE or not isinstance(person, NamedPerson):
        missed = "narrowly less" if rival.close else "less"
        return (
            f"{other.name} is most alike, but {share} is {missed} than the {percent(rival.needed)} that a name takes."
        )
    pair = f"{share} against {percent(person.probability)}"
    if rival.because is Because.FREQUENCY:
        return (
            f"By the faces together {other.name} is more likely, {pair}; this mode goes by the nearest face and the "
            "number of frames."
        )
    return (
        f"{'It was close: ' if rival.close else ''}{other.name} is less likely, {pair}; {_nearness(person, rival)}."
    )


def _nearness(person: NamedPerson, rival: RunnerUp) -> str:
    further = person.alternatives[0].distance - person.distance
    picture = f"the nearest picture is {distance(abs(further))} {'further away' if further >= 0 else 'nearer'}"
    if rival.nearer is None:
        return picture
    faces = counted(rival.nearer.of_faces, "face")
    verb = "is" if rival.nearer.of_faces == 1 else "are"
    return f"{picture}, and {rival.nearer.faces:,} of {faces} {verb} nearer to {person.name}"


def place_of(picture: ReferencePicture) -> str:
    """Return where a reference picture is, as well as is known."""
    if picture.path or picture.url or not picture.source:
        return picture.path or picture.url or "a picture"
    return _SOURCES.get(picture.source, f"a picture of {picture.source}")


def nobody(result: Identification) -> str:
    """Return the sentence for a file in which nobody was made out."""
    return "No person could be made out." if result.faces_detected else "No faces were found."
