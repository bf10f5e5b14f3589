"""When people are seen in a video, into lanes of ticks over one axis."""

import math
from collections.abc import Sequence
from itertools import chain, count

from stash_sense.identification.result import Identification, SeenPerson
from stash_sense.reports.marks import Mark
from stash_sense.reports.markup import Markup, element, joined, name
from stash_sense.reports.wording import clock, counted, span

_LANE_WIDTH = 1000
"""Units across a lane: finer than its pixels, and the most ticks a lane can have, however long the video."""

_LANE_HEIGHT = 10

_INTERVALS = 6
"""Most intervals on the axis: seven labels as wide as 1:05:00 fit next to each other on a telephone, just."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)
"""Seconds between labels that people count in."""


def timeline(result: Identification, cast: Sequence[tuple[str, Mark, SeenPerson]]) -> Markup:
    """Return the lanes of a video's people, each given with name and mark; nothing for a picture."""
    spans = [times for _, _, person in cast if (times := span(person)) is not None]
    if not spans:
        return Markup()
    length = max(_known(result.duration), *(last for _, last in spans), 1.0)
    labels = axis_times(length)
    return element(
        "figure",
        element("figcaption", "When each person is seen"),
        element("ul", *(_lane(called, mark, person, length, labels) for called, mark, person in cast)),
        _axis(length, labels),
        class_="timeline",
    )


def axis_times(length: float) -> list[int]:
    """Return the seconds at which the axis of a video of `length` seconds has its labels."""
    longer = (_STEPS[-1] * 2**power for power in count(1))
    step = next(step for step in chain(_STEPS, longer) if step * _INTERVALS >= length)
    return list(range(0, math.floor(length) + 1, step))


def _known(duration: float | None) -> float:
    return duration if duration is not None and math.isfinite(duration) else 0.0


def _lane(called: str, mark: Mark, person: SeenPerson, length: float, labels: Sequence[int]) -> Markup:
    places = sorted(
        {
            round(min(max(sighting.t / length, 0.0), 1.0) * _LANE_WIDTH)
            for sighting in person.sightings
            if sighting.t is not None and math.isfinite(sighting.t)
        }
    )
    lane = element(
        "svg",
        element("title", _in_words(person)),
        element("path", class_="rail", d=f"M0 {_LANE_HEIGHT // 2}H{_LANE_WIDTH}"),
        element("path", class_="grid", d=_strokes([round(t / length * _LANE_WIDTH) for t in labels])),
        element("path", class_="ticks", d=_strokes(places)),
        class_=mark.colour,
        role="img",
        viewBox=f"0 0 {_LANE_WIDTH} {_LANE_HEIGHT}",
        preserveAspectRatio="none",
    )
    return element("li", element("span", mark.drawn(), name(called), class_="label"), lane)


def _in_words(person: SeenPerson) -> str:
    frames = counted(len(person.sightings), "frame")
    times = span(person)
    return f"Seen in {frames}" if times is None else f"Seen in {frames}, {clock(times[0])} to {clock(times[1])}"


def _strokes(places: Sequence[int]) -> str:
    return "".join(f"M{place} 0v{_LANE_HEIGHT}" for place in places)


def _axis(length: float, labels: Sequence[int]) -> Markup:
    return element("svg", joined(_label(t, t / length * 100.0) for t in labels), class_="axis", aria_hidden="true")


def _label(t: int, place: float) -> Markup:
    # Labels at the ends lean inwards, or the edge would cut them.
    anchor = "start" if place < 4.0 else "end" if place > 96.0 else "middle"
    return element("text", clock(t), x=f"{place:.2f}%", y=12, text_anchor=anchor)
