"""Results into one HTML page that holds all it needs and loads nothing."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import resources
from pathlib import PurePath

from stash_sense.identification.result import Identification
from stash_sense.reports.file_section import SectionStyle, file_section
from stash_sense.reports.marks import Mark, marks_of
from stash_sense.reports.markup import Markup, element, joined, name
from stash_sense.reports.portraits import crops_per_person
from stash_sense.reports.wording import NOT_KNOWN, counted, percent

FILES_OPEN = 3
"""Up to this many files are shown opened; with more, one looks for names first and opens what is of interest."""

_PEOPLE_SHOWN = 12
"""A longer list of people starts folded, so that the files stay in sight."""

_LINKS_SHOWN = 3


GENERATOR = "Stash Sense, report"
"""Stands in the head of every report, so that a report can be told from another file of the user's."""


def render_html(results: Sequence[Identification], made_at: datetime, version: str) -> str:
    """Return the page for these results, made at the given time by the given version of the program.

    The page can be encoded as UTF-8 whatever the names in it, runs no script, and its Content-Security-Policy
    forbids the browser to fetch anything. It holds pictures of faces: at most 6 for each person, fewer when there
    are many people.
    """
    title = _title(results)
    marks = marks_of(results)
    page = element(
        "html",
        _head(title),
        element(
            "body",
            element("a", "Skip to the files", href="#files", class_="skip"),
            element("header", *_masthead(results, title, made_at, version)),
            element("main", _people(results, marks), _files(results, marks)),
            element("footer", element("p", _FOOTNOTE)),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n"


_FOOTNOTE = (
    "Names are suggestions with a probability, not proof: look at the faces before you rely on one. "
    "This page holds pictures of people; share it with care."
)


def _title(results: Sequence[Identification]) -> str:
    if len(results) == 1:
        return f"Who is in {PurePath(results[0].source).name}"
    return f"Who is in {counted(len(results), 'file')}"


def _head(title: str) -> Markup:
    css = Markup(resources.files(__package__).joinpath("report.css").read_text("utf-8"))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="generator", content=GENERATOR),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", css),
    )


def _masthead(results: Sequence[Identification], title: str, made_at: datetime, version: str) -> Iterable[Markup]:
    known = {person.person_id for result in results for person in result.persons}
    failed = sum(result.failure is not None for result in results)
    tiles = [
        (len(results), "file", "files"),
        (len(known), "known person", "known people"),
        (sum(len(result.unknown) for result in results), "unknown person", "unknown people"),
    ]
    if failed:
        tiles.append((failed, "file failed", "files failed"))
    made = f"{made_at.day} {made_at:%B %Y, %H:%M} {made_at:%Z}".rstrip()
    yield element("p", "Stash Sense", class_="program")
    yield element("h1", name(title))
    yield element(
        "dl",
        *(
            element("div", element("dt", one if number == 1 else many), element("dd", f"{number:,}"))
            for number, one, many in tiles
        ),
        class_="tiles",
    )
    yield element(
        "dl",
        _made_with("Made", element("time", made, datetime=made_at.isoformat())),
        _made_with("Model pack", _listed(result.pack for result in results)),
        _made_with("Mode", _listed(result.mode for result in results)),
        _made_with("Version", version),
        class_="facts",
    )


def _made_with(term: str, value: str) -> Markup:
    return element("div", element("dt", term), element("dd", value))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values)) or NOT_KNOWN


def _people(results: Sequence[Identification], marks: dict[str, Mark]) -> Markup:
    """Return the table of people over several files; for one file its section says it all."""
    if len(results) < 2 or not marks:
        return Markup()
    seen: dict[str, list[tuple[int, str, float]]] = {}
    for number, result in enumerate(results, 1):
        for person in result.persons:
            seen.setdefault(person.person_id, []).append((number, person.name, person.probability))
    rows = sorted(seen.items(), key=lambda item: (-len(item[1]), item[1][0][1]))
    headings = ("Person", "Files", "Highest probability", "Seen in")
    table = element(
        "table",
        element("caption", "Known people, those in most files first", class_="unseen"),
        element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings))),
        element("tbody", *(_person_row(marks[person_id], places, results) for person_id, places in rows)),
    )
    return element(
        "section",
        element("h2", "People", id="people-heading"),
        element(
            "details",
            element("summary", counted(len(rows), "known person", "known people")),
            element("div", table, class_="scroll", tabindex=0, role="region", aria_labelledby="people-heading"),
            class_="cast",
            open="" if len(rows) <= _PEOPLE_SHOWN else None,
        ),
        aria_labelledby="people-heading",
    )


def _person_row(mark: Mark, places: Sequence[tuple[int, str, float]], results: Sequence[Identification]) -> Markup:
    links = [
        element("a", name(results[number - 1].source), href=f"#file-{number}")
        for number, _, _ in places[:_LINKS_SHOWN]
    ]
    if hidden := len(places) - len(links):
        links.append(element("span", f"and {hidden:,} more"))
    return element(
        "tr",
        element("th", element("span", mark.drawn(), name(places[0][1]), class_="somebody"), scope="row"),
        element("td", f"{len(places):,}"),
        element("td", percent(max(probability for _, _, probability in places))),
        element("td", element("span", *links, class_="links")),
    )


def _files(results: Sequence[Identification], marks: dict[str, Mark]) -> Markup:
    style = SectionStyle(
        marks=marks,
        crops=crops_per_person(results),
        is_open=len(results) <= FILES_OPEN,
        says_pack=len({(result.pack, result.mode) for result in results}) > 1,
    )
    sections = [file_section(result, f"file-{number}", style) for number, result in enumerate(results, 1)]
    return element(
        "section",
        element("h2", "Files" if len(results) != 1 else "File", id="files-heading"),
        joined(sections or [element("p", "No files were looked at.", class_="nobody")]),
        id="files",
        tabindex=-1,
        aria_labelledby="files-heading",
    )
