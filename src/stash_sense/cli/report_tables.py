"""The report "does it work on my library?" for people to read."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from stash_sense.cli.present import print_shaped, say
from stash_sense.reports.wording import counted, visible
from stash_sense.scanning.report_document import HarmfulReference, KindReport, LibraryReportDocument, Share

_WHY = {
    "not_in_database": "not in the database",
    "never_seen": "in the database, never seen",
    "seen_as_somebody_else": "seen as somebody else",
    "sometimes_missed": "sometimes missed",
}
_PLURALS = {"scene": "scenes", "image": "images"}


def print_report(report: LibraryReportDocument, most: int) -> None:
    """Print it.

    Args:
        report: what is printed.
        most: lines of each list.
    """
    if not any(kind.items.tagged for kind in report.kinds):
        what = " or ".join(kind.kind for kind in report.kinds)
        say(
            f"No {what} in Stash has performers yet, so there is nothing to compare with: tag the performers of some "
            "there by hand, type `stash-sense scan`, and ask again."
        )
        return
    strict = ", strictly" if report.strict else ""
    say(f"Database {report.database} of the pack {report.pack}, by the mode {report.mode}{strict}.")
    for kind in report.kinds:
        say("")
        _print_kind(kind, most)


def _print_kind(kind: KindReport, most: int) -> None:
    items, plural = kind.items, _PLURALS[kind.kind]
    if not items.tagged:
        say(f"No {kind.kind} in Stash has performers.")
        return
    say(f"{counted(items.tagged, kind.kind)} with performers: {items.compared:,} compared.")
    if items.not_scanned:
        are = "is" if items.not_scanned == 1 else "are"
        say(
            f"{items.not_scanned:,} {are} not scanned yet, or changed since; `stash-sense scan` looks at what is new."
        )
    if items.failed:
        say(f"{items.failed:,} could not be looked at.")
    if not items.compared:
        return
    if items.without_faces:
        say(f"In {items.without_faces:,} no face was found.")
    rows = (
        ("names that are tagged, of all we would have given", kind.right),
        ("tagged people whom we would have named, of those in the database", kind.seen),
        ("the same, of all who are tagged", kind.seen_of_all),
        ("tagged people who are in the database", kind.in_the_database),
    )
    _table(("", "", "", "95 % between"), [(what, _of(one), _percent(one), _between(one)) for what, one in rows])
    _list(
        "By the number of reference pictures",
        ("pictures", "performers", "named when tagged", "", "95 % between", "tagged when named", ""),
        [
            (
                one.references,
                f"{one.performers:,}",
                _of(one.seen),
                _percent(one.seen),
                _between(one.seen),
                _of(one.right),
                _percent(one.right),
            )
            for one in kind.by_references
            if one.performers or one.right.of
        ],
    )
    _list(
        "Tagged, but not seen",
        ("performer", "pictures", "missed", "no face", "why"),
        [
            (
                one.name,
                f"{one.references:,}",
                f"{one.seen.of - one.seen.count:,} of {one.seen.of:,}",
                f"{one.without_faces:,}",
                _why(one.why, one.taken_for, one.taken_for_times),
            )
            for one in kind.not_seen[:most]
        ],
    )
    _list(
        f"Seen, but not tagged (a tag may be missing); some of the {plural} by their ids",
        ("person", "times", "probability", "up to", "in place of somebody tagged", plural),
        [
            (
                one.name,
                f"{one.times:,}",
                f"{one.probability:.2f}",
                f"{one.most_probable:.2f}",
                f"{one.in_place_of:,}",
                ", ".join(one.examples),
            )
            for one in kind.seen_untagged[:most]
        ],
    )
    _list(
        "Reference pictures that were nearest where a name is not tagged",
        ("whose", "wrong", "perhaps only the tag is missing", "right", "picture"),
        [
            (one.name, f"{one.wrong:,}", f"{one.untagged:,}", f"{one.right:,}", _picture(one))
            for one in kind.harmful_references[:most]
        ],
    )


def _list(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        say("")
        say(f"{title}:")
        _table(headings, rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    print_shaped(table)


def _of(share: Share) -> str:
    return f"{share.count:,} of {share.of:,}"


def _percent(share: Share) -> str:
    return "" if share.value is None else f"{100 * share.value:.1f} %"


def _between(share: Share) -> str:
    return "" if share.low is None or share.high is None else f"{100 * share.low:.0f} and {100 * share.high:.0f} %"


def _why(why: str | None, taken_for: str | None, times: int) -> str:
    told = _WHY.get(why or "", "")
    return f"{told}: {taken_for} ({times:,})" if taken_for else told


def _picture(one: HarmfulReference) -> str:
    return one.url or one.path or (f"{one.source}, SHA-256 {one.sha256[:12]}…" if one.sha256 else one.source)
