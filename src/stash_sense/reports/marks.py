"""The colour and shape by which a person is known again all over the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from stash_sense.identification.result import Identification
from stash_sense.reports.markup import Markup, element

COLOURS = 8
"""Colours of `report.css`, --p0 to --p7; more would not be told apart."""

_SHAPES = (
    element("circle", cx=6, cy=6, r=5),
    element("path", d="M1.5 1.5h9v9h-9z"),
    element("path", d="M6 .5 11.5 10.5H.5z"),
    element("path", d="M6 0l6 6-6 6-6-6z"),
)
_HOLLOW = element("circle", cx=6, cy=6, r="4.2")


@dataclass(frozen=True, slots=True)
class Mark:
    """One person's colour, as a class name of the style sheet, and the drawing of their shape."""

    colour: str
    shape: Markup

    def drawn(self) -> Markup:
        """Return the mark as a small picture; it stands beside a name, so it says nothing to a screen reader."""
        return element("svg", self.shape, class_=f"mark {self.colour}", viewBox="0 0 12 12", aria_hidden="true")


UNKNOWN = Mark("stranger", _HOLLOW)
"""The mark of everybody without a name: people who are unknown in two files need not be the same."""


def marks_of(results: Iterable[Identification]) -> dict[str, Mark]:
    """Give every known person a mark, by id, in the order in which they turn up; the first 32 differ."""
    marks: dict[str, Mark] = {}
    for result in results:
        for person in result.persons:
            marks.setdefault(person.person_id, _numbered(len(marks)))
    return marks


def _numbered(number: int) -> Mark:
    # Neighbours differ in colour and in shape, so that they are told apart without colour too.
    turn = number // COLOURS
    return Mark(f"p{number % COLOURS}", _SHAPES[(number + turn) % len(_SHAPES)])
