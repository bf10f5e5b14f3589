"""The report about a simulated Stash: what is tagged there, beside what the kept faces give."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.scale import changing
from tests.integration.rematching.worlds import (
    AT,
    Two,
    asked,
    blank,
    never,
    rematcher,
    sql_store,
    two_versions,
)
from tests.stash_library import AT as STASH_AT
from tests.stash_library import dated, library, scene

from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.errors import Cancelled
from stash_sense.fakes.stash.server import simulated_stash
from stash_sense.fingerprints.fingerprint import Fingerprint, Outcome
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.scanning.report import LibraryReport
from stash_sense.scanning.report_document import KindReport, LibraryReportDocument

NUMBER = 24
"""Scenes of the library."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_versions(tmp_path_factory.mktemp("world"), 300) as made:
        yield made


@pytest.fixture(scope="module")
def scenes(two: Two) -> list[KeptFaces]:
    return list(changing.scenes(two.world, NUMBER))


@pytest.fixture(scope="module")
def found(two: Two, scenes: list[KeptFaces]) -> list[Fingerprint]:
    """What a scan keeps of them."""
    blanks = [blank(number, kept) for number, kept in enumerate(scenes, 1)]
    content = [replace(one, content=f"oshash:{number:016x}") for number, one in enumerate(blanks, 1)]
    return rematcher(two.first).rematch(asked(content, scenes), never())


def library_with(tagged: list[list[str]]) -> dict[str, Any]:
    """A library whose scenes are tagged with these people, by their universal ids; `nobody` is in no database."""
    rows = library(scenes=0)
    people = sorted({one for some in tagged for one in some})
    ids = {one: str(number) for number, one in enumerate(people, 10)}
    rows["performers"] = [
        dated(
            STASH_AT,
            id=ids[one],
            name=one,
            stash_ids=[
                {
                    "endpoint": f"https://{one.partition(':')[0]}/graphql",
                    "stash_id": one.partition(":")[2],
                    "updated_at": STASH_AT,
                }
            ],
        )
        for one in people
    ]
    rows["scenes"] = [
        {**scene(number), "performers": [{"id": ids[one]} for one in some]} for number, some in enumerate(tagged, 1)
    ]
    rows["images"] = []
    return rows


@contextmanager
def reporting(two: Two, store: SqlFingerprints, tagged: list[list[str]]) -> Iterator[LibraryReport]:
    with simulated_stash(library=library_with(tagged), job_pause=0.001) as stash:
        loop, client = LoopThread("test"), StashClient(stash.url, "")
        try:
            yield LibraryReport(
                client, loop, store, rematcher(two.first), two.first, "template", strict=False, clock=lambda: AT
            )
        finally:
            loop.call(client.aclose, CancelToken())
            loop.close()


def report_of(
    two: Two, store: SqlFingerprints, tagged: list[list[str]], progress: ProgressListener = silent
) -> KindReport:
    with reporting(two, store, tagged) as one:
        return one.make(["scene"], never(), progress).kinds[0]


@pytest.fixture
def store(tmp_path: Path, found: list[Fingerprint], scenes: list[KeptFaces]) -> Iterator[SqlFingerprints]:
    store = sql_store(tmp_path)
    for fingerprint, kept in zip(found, scenes, strict=True):
        store.keep(fingerprint, kept)
    yield store
    store.close()


def named(found: list[Fingerprint]) -> list[list[str]]:
    return [[one.person_id for one in fingerprint.persons] for fingerprint in found]


def test_where_everybody_who_is_seen_is_tagged_all_is_right(
    two: Two, store: SqlFingerprints, found: list[Fingerprint]
) -> None:
    tagged = named(found)
    report = report_of(two, store, tagged)
    several = [some for some in tagged if some]
    assert (report.items.tagged, report.items.compared) == (len(several), len(several))
    count = sum(map(len, several))
    assert (report.right.count, report.right.of, report.seen.of) == (count, count, count)
    assert (report.not_seen, report.seen_untagged, report.harmful_references) == ([], [], [])
    assert sum(one.performers for one in report.by_references) == len({one for some in tagged for one in some})


def test_what_is_missing_or_too_much_is_told(two: Two, store: SqlFingerprints, found: list[Fingerprint]) -> None:
    tagged = named(found)
    place = next(place for place, some in enumerate(tagged) if len(some) == 2)
    untagged, stays = tagged[place]
    known = {one for some in tagged for one in some}
    absent = next(one.id for one in two.first.roster if one.id not in known)
    tagged[place] = [stays, absent, "nobody.example:1"]
    report = report_of(two, store, tagged)
    assert {one.name: one.why for one in report.not_seen} == {
        absent: "seen_as_somebody_else",
        "nobody.example:1": "not_in_database",
    }
    assert [(one.person_id, one.times, one.in_place_of, one.examples) for one in report.seen_untagged] == [
        (untagged, 1, 1, [str(place + 1)])
    ]
    harmful = report.harmful_references
    assert [(one.person_id, one.wrong) for one in harmful] == [(untagged, 1)]
    assert harmful[0].url is not None
    assert report.right.of - report.right.count == 1


def test_who_is_only_named_for_being_tagged_is_not_taken_for_seen(
    two: Two, store: SqlFingerprints, found: list[Fingerprint], scenes: list[KeptFaces]
) -> None:
    likely = [(place, one["person_id"]) for place, some in enumerate(found) for one in some.details["likely"]]
    place, expected = max(likely, key=lambda one: found[one[0]].details["likely"][0]["probability"])
    raised = replace(
        found[place],
        persons=(replace(found[0].persons[0] if found[0].persons else _any(found), person_id=expected),),
        details={},
    )
    store.keep(raised, scenes[place])
    tagged: list[list[str]] = [[] for _ in found]
    tagged[place] = [expected]
    report = report_of(two, store, tagged)
    assert (report.seen.count, report.seen.of) == (0, 1)


def _any(found: list[Fingerprint]) -> Any:
    return next(one.persons[0] for one in found if one.persons)


def test_what_was_not_scanned_or_failed_is_counted_apart(
    two: Two, store: SqlFingerprints, found: list[Fingerprint], scenes: list[KeptFaces]
) -> None:
    tagged = [["nobody.example:1"] for _ in range(NUMBER + 2)]
    store.keep(replace(found[0], outcome=Outcome.FAILED, code="x", persons=()), None)
    store.keep(replace(found[1], outcome=Outcome.NO_FACE, persons=()), None)
    store.keep(replace(found[2], content="oshash:changed"), scenes[2])
    store.keep(replace(found[3], pack="other"), scenes[3])
    items = report_of(two, store, tagged).items
    assert (items.tagged, items.failed, items.without_faces, items.not_scanned) == (NUMBER + 2, 1, 1, 4)
    assert items.compared == NUMBER + 2 - 1 - 4


def test_progress_is_told_and_a_set_token_ends_it(two: Two, store: SqlFingerprints, found: list[Fingerprint]) -> None:
    told: list[Progress] = []
    tagged = named(found)
    report_of(two, store, tagged, told.append)
    number = sum(1 for some in tagged if some)
    assert [(one.stage, one.done, one.total) for one in told] == [("comparing scenes", number, number)]
    token = CancelToken()
    token.cancel()
    with reporting(two, store, tagged) as one, pytest.raises(Cancelled):
        one.make(["scene"], token, silent)


def test_nothing_is_written(two: Two, store: SqlFingerprints, found: list[Fingerprint]) -> None:
    ids = [one.item.id for one in found]
    before = store.several("scene", ids)
    report_of(two, store, named(found))
    assert store.several("scene", ids) == before


def test_the_document_is_what_it_was_after_it_was_kept(
    two: Two, store: SqlFingerprints, found: list[Fingerprint]
) -> None:
    with reporting(two, store, named(found)) as one:
        document = one.make(["scene", "image"], never(), silent)
    kept = document.to_json()
    assert kept["schema"] == 1
    assert [one["kind"] for one in kept["kinds"]] == ["scene", "image"]
    assert LibraryReportDocument.model_validate(kept) == document
