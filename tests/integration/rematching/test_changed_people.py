"""Who differs between two versions, as vectors: also those whose pictures were described anew."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.scale import changing
from tests.integration.rematching.worlds import Two, two_versions

from stash_sense.performers.difference import Difference, difference
from stash_sense.scanning.changed_people import ChangedPeople
from stash_sense.scanning.rematch_notes import Around, GroupNotes, Likely


@pytest.fixture(scope="module", params=[10_000, 100], ids=["in memory", "on the disk"])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with two_versions(tmp_path_factory.mktemp("world"), 500, small=request.param) as made:
        yield made


def changed_of(two: Two, found: Difference) -> ChangedPeople | None:
    return ChangedPeople.of(found, two.first, two.second, changing.decision())


def notes(first: str, horizon: float, *likely: str) -> GroupNotes:
    return GroupNotes(tuple(Likely(one, 0.5, 0.3) for one in likely), Around(first, 0.9, 0.9, 0.8, 0.75, horizon))


def test_those_who_differ_are_known_by_how_they_were_and_how_they_are(two: Two) -> None:
    found = difference(*two.versions)
    changed = changed_of(two, found)
    assert changed is not None
    assert changed.since == "1"
    assert changed.gone == found.gone
    assert len(changed.templates) == len(found.old_rows) + len(found.new_rows) > 0


def test_who_was_described_anew_differs_too(two: Two) -> None:
    found = difference(*two.versions)
    # As if nobody could tell by the pictures: those who are in both are compared by their templates.
    blind = replace(
        found,
        changed=frozenset(),
        old_rows=np.array(sorted(_rows(two.first, found.removed)), np.int64),
        new_rows=np.array(sorted(_rows(two.second, found.added)), np.int64),
    )
    changed, right = changed_of(two, blind), changed_of(two, found)
    assert changed is not None
    assert right is not None
    assert changed.gone == right.gone


def _rows(database: object, ids: frozenset[str]) -> frozenset[int]:
    return database.roster.with_ids(ids)  # type: ignore[attr-defined,no-any-return]


def test_where_too_many_differ_everybody_is_searched(two: Two) -> None:
    found = difference(*two.versions)
    many = frozenset(str(number) for number in range(200))
    assert changed_of(two, replace(found, changed=many)) is None


def test_a_template_is_touched_by_who_is_gone_or_comes_near(two: Two) -> None:
    changed = changed_of(two, difference(*two.versions))
    assert changed is not None
    own = changed.templates[:1]
    gone = min(changed.gone)
    asked = [notes("a", 0.9, "a"), notes("a", 1.1, "a"), notes(gone, 1.1, "a"), notes("a", 1.1, "a", gone)]
    found = changed.touches(np.repeat(own, 4, axis=0), asked)
    assert found.tolist() == [True, False, True, True]
    assert changed.touches(own, [notes("a", 1.1, "")]).tolist() == [True]


def test_a_version_that_is_the_same_touches_nobody(two: Two, tmp_path: Path) -> None:
    same = difference(two.versions[0], two.versions[0])
    changed = ChangedPeople.of(same, two.first, two.first, changing.decision())
    assert changed is not None
    assert changed.gone == frozenset()
    assert changed.touches(np.zeros((1, two.first.faces.dim), np.float32), [notes("a", 0.5, "a")]).tolist() == [False]
