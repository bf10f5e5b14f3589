"""Results into tables for a terminal; printing them is the caller's."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stash_sense.identification.reasons import Because
from stash_sense.identification.result import Identification, NamedPerson, SeenPerson
from stash_sense.reports.wording import (
    NOT_KNOWN,
    WORTH_TELLING,
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
    visible,
)


@dataclass(slots=True)
class Tally:
    """Counts over the files of one run, for its last line."""

    files: int = 0
    with_known_people: int = 0
    failed: int = 0

    def add(self, result: Identification) -> None:
        """Count one more file."""
        self.files += 1
        self.with_known_people += bool(result.persons)
        self.failed += result.failure is not None


def file_report(result: Identification) -> RenderableType:
    """Return what there is to say about one file: a line on the file, then its people, or what went wrong."""
    # Names go in as Text, never as str: rich reads a str for markup such as [red] and for :emoji: codes.
    if result.failure is not None:
        return Group(_heading(result), _indented(_words(result.failure.message, "red")))
    if not result.persons and not result.unknown:
        return Group(_heading(result), _indented(_words(nobody(result), "dim")))
    return Group(_heading(result), _indented(Group(_people(result), *_grounds(result))))


def summary_line(tally: Tally) -> Text:
    """Return the last line of a run over several files."""
    line = Text(f"{counted(tally.files, 'file')}, {tally.with_known_people:,} with known people, ")
    return line.append(f"{tally.failed:,} failed", style="red" if tally.failed else "")


def _heading(result: Identification) -> RenderableType:
    # A path stays on one line, however long: broken in two it cannot be copied.
    source = Text(visible(result.source), style="bold", no_wrap=True, overflow="ignore")
    if result.failure is not None:
        return source
    facts = (
        counted(result.frames_analyzed, "frame"),
        counted(result.faces_detected, "face"),
        took(result.timing_ms.get("total")),
        f"pack {visible(result.pack)}",
        f"mode {visible(result.mode)}",
    )
    lines = [", ".join(facts), *in_library(result)]
    return Group(source, *(Padding(_words(line, "dim"), (0, 0, 0, 2), expand=False) for line in lines))


def _people(result: Identification) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("person", overflow="fold", min_width=8)
    for heading in ("probability", "first seen", "last seen", "frames"):
        table.add_column(heading, justify="right", min_width=7)
    for person in result.persons:
        table.add_row(_named(person), percent(person.probability), *_seen(person))
    for place, stranger in enumerate(result.unknown):
        table.add_row(_words(unknown_name(place), ""), NOT_KNOWN, *_seen(stranger), style="dim")
    return table


def _grounds(result: Identification) -> Iterator[Text]:
    """Yield what the names rest on, and why there is none where that was a near thing."""
    for person in result.persons:
        if person.references:
            nearest = person.references[0]
            told = f"{person.name}: distance {distance(nearest.distance)} to {place_of(nearest.picture)}"
            # A path is one line, so that it can be copied.
            yield Text(visible(told), style="dim", no_wrap=True, overflow="ignore")
        if (rival := person.runner_up) and (rival.close or person.alternatives[0].probability >= WORTH_TELLING):
            yield _words(against(person), "dim")
    for place, stranger in enumerate(result.unknown):
        rival = stranger.runner_up
        if rival is not None and (rival.close or rival.because is Because.NOT_TWICE):
            yield _words(f"{unknown_name(place)}: {against(stranger)}", "dim")


def _named(person: NamedPerson) -> Text:
    name = _words(person.name, "bold")
    return name.append(" (tagged)", style="dim") if person.tagged else name


def _seen(person: SeenPerson) -> tuple[str, str, str]:
    times = span(person) or (None, None)
    return clock(times[0]), clock(times[1]), f"{len(person.sightings):,}"


def _words(text: str, style: str) -> Text:
    return Text(visible(text), style=style, overflow="fold")


def _indented(content: RenderableType) -> Padding:
    return Padding(content, (0, 0, 1, 2), expand=False)
