"""Recommendations: how fast many are kept, and how fast a long list is read.

    python -m benchmarks.speed.recommendations [--quick] [--json FILE]

On SQLite as the service has it, in a folder of the temporary disk, with commits that survive a power cut. 100,000
recommendations of three types, put in 500 at a time, as a scan does; then the same again, of which nothing is new;
then one type is dismissed. The first, the middle and the last page of 25 in every order, with and without filters,
and the counts: medians of 200. `journal`: what an entry costs, begun and settled, alone and in a group of 100.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.measure import cost_of, table, write_json

from stash_sense.adapters.store.journal import SqlJournal
from stash_sense.adapters.store.recommendations import SqlRecommendationStore
from stash_sense.adapters.store.store import Store
from stash_sense.recommendations.journal.entry import EntryState, Intent, Operation, Verdict, Why
from stash_sense.recommendations.listing import read_page
from stash_sense.recommendations.recommendation import NewRecommendation, Status, Target
from stash_sense.recommendations.store import PageQuery, Sort, position_of
from stash_sense.recommendations.unidentified import (
    UNIDENTIFIED,
    OtherCandidate,
    SeenAt,
    SuggestedPerson,
    UnidentifiedDetails,
)

NUMBER, AT_ONCE, PAGE, ASKED = 100_000, 500, 25, 200
MOST_PAGE_MS = 5.0


@dataclass(frozen=True)
class Row:
    """One figure; `cpu_ms` of this process for each recommendation, or each time a page is asked for."""

    what: str
    figure: float
    unit: str
    cpu_ms: float


def recommendations(number: int) -> list[NewRecommendation]:
    """Make some as a scan finds them: two people, eight moments each."""
    chance = random.Random(8)  # noqa: S311  no secret
    found = []
    for index in range(number):
        people = tuple(
            SuggestedPerson(
                person_id=f"stashbox.example:{chance.getrandbits(64):016x}",
                name="Somebody Somewhere",
                performer_id=str(chance.randrange(5000)),
                probability=chance.random(),
                distance=chance.random(),
                count=8,
                seen=tuple(SeenAt(t=float(at), box=(10.0, 20.0, 96.0, 96.0)) for at in range(8)),
                others=(OtherCandidate(person_id="x", name="Another", probability=0.1, distance=0.6),),
            )
            for _ in range(2)
        )
        details = UnidentifiedDetails(title=f"Scene {index}", pack="duo", database="2026.11.22", people=people)
        found.append(UNIDENTIFIED[index % 3].new(str(index), details, round(people[0].probability, 3)))
    return found


def keeping(store: SqlRecommendationStore, found: list[NewRecommendation], what: str) -> Row:
    """Submit all."""

    def submit() -> None:
        for start in range(0, len(found), AT_ONCE):
            store.submit(found[start : start + AT_ONCE])

    cost = cost_of(submit)
    return Row(f"{what}, a second", len(found) / cost.wall, "/s", cost.cpu / len(found) * 1000)


def reading(store: SqlRecommendationStore, number: int) -> list[Row]:
    """Read pages all over the list."""
    rows = [timed("counts", store.counts)]
    filters = {
        "all": PageQuery(limit=PAGE),
        "pending": PageQuery([Status.PENDING], limit=PAGE),
        "dismissed of a type": PageQuery([Status.DISMISSED], [UNIDENTIFIED[1].name], limit=PAGE),
    }
    for name, query in filters.items():
        for sort in Sort:
            sorted_ = replace(query, sort=sort)
            every = store.page(replace(sorted_, limit=number))
            places = {"first": None, "middle": every[len(every) // 2], "last": every[-PAGE - 1]}
            del every
            for where, one in places.items():
                here = replace(sorted_, after=None if one is None else position_of(one, sort))
                rows.append(timed(f"{where} page of {name}, {sort}", partial(read_page, store, here)))
    about = PageQuery(target=Target("scene", str(number // 2 // 3 * 3)), limit=PAGE)
    return [*rows, timed("all about one target", lambda: read_page(store, about))]


def timed(what: str, ask: Callable[[], object]) -> Row:
    """Median of many."""
    ask()
    waits = []
    cpu = time.process_time()
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        waits.append((time.perf_counter() - began) * 1000)
    return Row(what, statistics.median(waits), "ms", (time.process_time() - cpu) / ASKED * 1000)


def journalled(journal: SqlJournal, number: int) -> Row:
    """Begin and settle entries."""
    intents = [
        Intent(Operation.ADD, "scene", str(index), {"performer_ids": []}, {"performer_ids": ["1"]})
        for index in range(number)
    ]

    def write() -> None:
        entries = journal.begin(intents, Why("user", "Accepted: Somebody"))
        journal.settle([Verdict(entry.id, EntryState.DONE) for entry in entries])

    return timed(f"journal: {number} begun and settled", write)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the recommendations")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    options = parser.parse_args()
    number = NUMBER // 10 if options.quick else NUMBER
    found = recommendations(number)
    with tempfile.TemporaryDirectory(prefix="stash-sense-recommendations-") as folder:
        state = Store.open(Path(folder) / "stash_sense.db")
        store = SqlRecommendationStore(state.engine)
        rows = [keeping(store, found, "new"), keeping(store, found, "the same again")]
        dismissed = cost_of(lambda: store.dismiss_pending(UNIDENTIFIED[1].name))
        rows.append(Row("dismissing all of a type", dismissed.wall * 1000, "ms once", dismissed.cpu * 1000))
        rows += reading(store, number)
        rows += [journalled(SqlJournal(state.engine), group) for group in (1, 100)]
        state.close()
    print(table(("what", "figure", "unit", "CPU ms each"), [tuple(asdict(row).values()) for row in rows]))
    if options.json is not None:
        results = [asdict(row) for row in rows]
        aims_ = aims(rows, number)
        write_json(options.json, {"benchmark": "speed.recommendations", "rows": results, "aims": aims_})


def aims(rows: list[Row], number: int) -> list[dict[str, object]]:
    """State what was asked and what came out."""
    read = [row for row in rows if row.unit == "ms" and not row.what.startswith("journal")]
    slowest = max(read, key=lambda row: row.figure)
    return [
        {
            "what": f"slowest page or counts of {number:,} recommendations ({slowest.what}), ms",
            "aim": f"< {MOST_PAGE_MS:g}",
            "measured": round(slowest.figure, 2),
            "met": slowest.figure < MOST_PAGE_MS,
        }
    ]


if __name__ == "__main__":
    main()
