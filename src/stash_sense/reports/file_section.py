"""One file's result into its section of the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stash_sense.identification.reasons import Reference
from stash_sense.identification.result import Alternative, Failure, Identification, NamedPerson, SeenPerson
from stash_sense.reports.marks import UNKNOWN, Mark
from stash_sense.reports.markup import Markup, element, joined, name
from stash_sense.reports.portraits import portraits
from stash_sense.reports.timeline import timeline
from stash_sense.reports.wording import (
    NOT_KNOWN,
    against,
    clock,
    counted,
    distance,
    in_library,
    nobody,
    percent,
    place_of,
    span,
    took,
    unknown_name,
)

UNKNOWN_SHOWN = 24
"""Unknown people shown for one file; a crowd has hundreds, most seen once, and the JSON document lists them all."""

_NAMES_AT_A_GLANCE = 4


@dataclass(frozen=True, slots=True)
class SectionStyle:
    """What all sections of one page share."""

    marks: Mapping[str, Mark]
    crops: int
    is_open: bool
    says_pack: bool


def file_section(result: Identification, anchor: str, style: SectionStyle) -> Markup:
    """Return the section of one file: a line to see at a glance, and all of it once it is opened."""
    return element(
        "details",
        element(
            "summary", element("h3", name(result.source)), element("span", _glance(result, style), class_="glance")
        ),
        element("div", _story(result, style), class_="inside"),
        class_="file",
        id=anchor,
        open="" if style.is_open else None,
    )


def _glance(result: Identification, style: SectionStyle) -> Markup:
    if result.failure is not None:
        return element("span", "Could not be identified", class_="failed")
    shown = [
        element("span", style.marks[person.person_id].drawn(), name(person.name), class_="somebody")
        for person in result.persons[:_NAMES_AT_A_GLANCE]
    ]
    if hidden := len(result.persons) - len(shown):
        shown.append(element("span", f"{hidden:,} more"))
    if result.unknown:
        shown.append(element("span", f"{len(result.unknown):,} unknown"))
    return joined(shown or ["Nobody found"])


def _story(result: Identification, style: SectionStyle) -> Markup:
    if result.failure is not None:
        return _notice(result.failure)
    facts = _facts(result, style)
    if not result.persons and not result.unknown:
        return joined((facts, element("p", nobody(result), class_="nobody")))
    strangers = [(unknown_name(place).capitalize(), person) for place, person in enumerate(result.unknown)]
    hidden = len(strangers) - UNKNOWN_SHOWN
    strangers = strangers[:UNKNOWN_SHOWN]
    cast: list[tuple[str, Mark, SeenPerson]] = [
        *((person.name, style.marks[person.person_id], person) for person in result.persons),
        *((called, UNKNOWN, person) for called, person in strangers),
    ]
    return joined(
        (
            facts,
            element("ul", *(_person(called, mark, person, style) for called, mark, person in cast), class_="people"),
            _left_out(hidden),
            timeline(result, cast),
        )
    )


def _left_out(hidden: int) -> Markup:
    if hidden <= 0:
        return Markup()
    return element(
        "p", f"{counted(hidden, 'unknown person', 'unknown people')} more, seen less often.", class_="more"
    )


def _notice(failure: Failure) -> Markup:
    return element(
        "div",
        element("p", element("strong", "Could not be identified")),
        element("p", failure.message),
        element("p", "Code: ", element("code", failure.code), class_="code"),
        class_="notice",
        role="note",
    )


def _facts(result: Identification, style: SectionStyle) -> Markup:
    facts = {
        "Length": clock(result.duration),
        "Size": _size(result),
        "Frames": f"{result.frames_analyzed:,}",
        "Faces": f"{result.faces_detected:,}",
        "Time taken": took(result.timing_ms.get("total")),
    }
    if style.says_pack:
        facts |= {"Model pack": result.pack, "Mode": result.mode}
    rows = (
        element("div", element("dt", term), element("dd", value))
        for term, value in facts.items()
        if value != NOT_KNOWN
    )
    told = (element("p", line[:1].upper() + line[1:], class_="seen") for line in in_library(result))
    return joined((element("dl", *rows, class_="facts"), *told))


def _size(result: Identification) -> str:
    if not result.width or not result.height:
        return NOT_KNOWN
    return f"{result.width} \N{MULTIPLICATION SIGN} {result.height}"


def _person(called: str, mark: Mark, person: SeenPerson, style: SectionStyle) -> Markup:
    faces = portraits(person, called, style.crops)
    tagged = isinstance(person, NamedPerson) and person.tagged
    return element(
        "li",
        element("div", *(faces[:1] or [mark.drawn()]), class_="portrait"),
        element(
            "div",
            element("h4", mark.drawn(), name(called)),
            element("p", _seen(person), element("span", "Tagged", class_="pill") if tagged else "", class_="seen"),
            element("div", *faces[1:], class_="faces") if faces[1:] else "",
            class_="who",
        ),
        element("div", *_likelihood(person, mark), class_="likelihood"),
        class_="person" if isinstance(person, NamedPerson) else "person unnamed",
    )


def _seen(person: SeenPerson) -> str:
    times = span(person)
    if times is None:
        return counted(len(person.sightings), "face")
    frames = counted(len(person.sightings), "frame")
    first, last = clock(times[0]), clock(times[1])
    return f"{frames}, at {first}" if first == last else f"{frames}, {first} to {last}"


def _likelihood(person: SeenPerson, mark: Mark) -> Iterator[Markup]:
    if isinstance(person, NamedPerson):
        yield element("p", percent(person.probability), element("span", " probability"), class_="odds")
        yield _meter(person.probability, mark)
        yield element("p", f"Distance {distance(person.distance)}", class_="distance")
        if person.references:
            yield element("h5", "Nearest pictures")
            yield element("ul", *map(_reference, person.references), class_="next")
    if person.alternatives:
        yield element("h5", "Next likely" if isinstance(person, NamedPerson) else "Most alike")
        yield element("ul", *map(_alternative, person.alternatives), class_="next")
    if person.runner_up is not None:
        yield element("p", against(person), class_="against")


def _reference(reference: Reference) -> Markup:
    # No link, and no address that looks like one to load: the page leads nowhere.
    place = place_of(reference.picture).removeprefix("https://").removeprefix("http://")
    return element("li", name(place), element("span", distance(reference.distance), class_="share"), title=place)


def _meter(probability: float, mark: Mark) -> Markup:
    # Drawn, not a <meter>: browsers style that each in their own way and leave its filling out in print.
    full = min(max(round(probability * 100), 0), 100) if probability == probability else 0
    return element(
        "svg",
        element("path", class_="rail", d="M0 1H100"),
        element("path", class_="filling", d=f"M0 1H{full}"),
        class_=f"meter {mark.colour}",
        viewBox="0 0 100 2",
        preserveAspectRatio="none",
        role="meter",
        aria_label="Probability",
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=full,
    )


def _alternative(other: Alternative) -> Markup:
    return element(
        "li",
        name(other.name),
        element("span", percent(other.probability), class_="share"),
        element("span", f"distance {distance(other.distance)}", class_="unseen"),
        title=f"Distance {distance(other.distance)}",
    )
