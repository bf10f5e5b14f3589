import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from stash_sense.library.changes import Changed, changes_of, goes_on_below
from stash_sense.library.reading import Changes, Watermark

SYDNEY = timezone(timedelta(hours=11))
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=SYDNEY)


class Clock:
    """Our own, a week behind the server's."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 16, tzinfo=UTC)

    def pass_by(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Rows:
    """A library whose rows have only an id and a moment, sorted as SQLite sorts text."""

    def __init__(self, zone: timezone = SYDNEY) -> None:
        self.zone = zone
        self.texts: dict[str, str] = {}

    def change(self, id_: str, at: datetime) -> None:
        self.texts[id_] = at.astimezone(self.zone).isoformat(timespec="seconds")

    def sorted(self) -> list[Changed]:
        rows = sorted(self.texts.items(), key=lambda row: row[1], reverse=True)
        return [Changed(id_, text, datetime.fromisoformat(text)) for id_, text in rows]

    def since(self, mark: Watermark | None, now: datetime, page: int = 3) -> Changes:
        """Read as many pages as it takes."""
        rows, read = self.sorted(), []
        for start in range(0, len(rows), page):
            read += rows[start : start + page]
            if mark is not None and not goes_on_below(read, mark):
                break
        return changes_of(read, mark, now)


def settled(rows: Rows, clock: Clock) -> Watermark:
    """Read until the newest second is over."""
    mark = rows.since(None, clock.pass_by(0)).watermark
    return rows.since(mark, clock.pass_by(3)).watermark


def test_what_changed_after_a_watermark_is_told_the_latest_first() -> None:
    rows, clock = Rows(), Clock()
    for number in range(10):
        rows.change(str(number), NOON)
    mark = settled(rows, clock)
    rows.change("3", NOON + timedelta(minutes=1))
    rows.change("new", NOON + timedelta(minutes=2))
    assert rows.since(mark, clock.pass_by(60)).ids == ("new", "3")


def test_nothing_is_told_twice_once_its_second_is_over() -> None:
    rows, clock = Rows(), Clock()
    rows.change("1", NOON)
    mark = settled(rows, clock)
    assert mark.is_settled
    changes = rows.since(mark, clock.pass_by(60))
    assert changes.ids == ()
    assert changes.watermark == mark


def test_a_second_change_within_the_second_that_was_read_is_told() -> None:
    rows, clock = Rows(), Clock()
    rows.change("1", NOON)
    mark = rows.since(None, clock.pass_by(0)).watermark
    rows.change("1", NOON + timedelta(milliseconds=700))  # the same text
    assert rows.since(mark, clock.pass_by(0.5)).ids == ("1",)


def test_another_one_changed_in_the_very_second_of_the_watermark_is_told() -> None:
    rows, clock = Rows(), Clock()
    rows.change("1", NOON)
    mark = settled(rows, clock)
    rows.change("2", NOON)
    assert rows.since(mark, clock.pass_by(10)).ids == ("2",)


def test_a_change_that_became_visible_seconds_after_its_moment_is_told() -> None:
    rows, clock = Rows(), Clock()
    rows.change("1", NOON)
    mark = settled(rows, clock)
    rows.change("slow", NOON - timedelta(seconds=5))
    assert rows.since(mark, clock.pass_by(10)).ids == ("slow",)


@pytest.mark.parametrize("hours", [-12, -1, 1, 14])
def test_nothing_is_missed_when_the_servers_time_zone_moves(hours: int) -> None:
    rows, clock = Rows(timezone(timedelta(hours=0))), Clock()
    for number in range(50):
        rows.change(str(number), NOON - timedelta(minutes=number))
    mark = settled(rows, clock)
    rows.zone = timezone(timedelta(hours=hours))
    rows.change("40", NOON + timedelta(minutes=1))
    rows.change("new", NOON + timedelta(minutes=2))
    assert rows.since(mark, clock.pass_by(300)).ids == ("new", "40")


def test_nothing_is_missed_when_the_clocks_are_put_back() -> None:
    rows, clock = Rows(timezone(timedelta(hours=2))), Clock()
    for number in range(20):
        rows.change(str(number), NOON + timedelta(minutes=50 - number))  # written until 50 minutes past
    mark = settled(rows, clock)
    rows.zone = timezone(timedelta(hours=1))
    rows.change("new", NOON + timedelta(minutes=55))  # as text, five minutes before the others
    assert rows.since(mark, clock.pass_by(300)).ids == ("new",)


def test_an_empty_library_has_a_watermark_below_everything() -> None:
    rows, clock = Rows(), Clock()
    mark = rows.since(None, clock.pass_by(0)).watermark
    assert mark.instant is None
    rows.change("1", NOON)
    assert rows.since(mark, clock.pass_by(1)).ids == ("1",)


def test_the_watermark_stays_where_the_newest_ones_are_deleted() -> None:
    rows, clock = Rows(), Clock()
    rows.change("old", NOON - timedelta(hours=5))
    rows.change("1", NOON)
    mark = settled(rows, clock)
    del rows.texts["1"]
    changes = rows.since(mark, clock.pass_by(60))
    assert changes.ids == ()
    assert changes.watermark.instant == NOON


def test_a_library_that_lies_unchanged_is_read_no_further_than_a_day_below() -> None:
    rows, clock = Rows(), Clock()
    for number in range(2000):
        rows.change(str(number), NOON - timedelta(minutes=number))
    mark = settled(rows, clock)
    assert not goes_on_below(rows.sorted()[:1600], mark)
    assert goes_on_below(rows.sorted()[:1500], mark)


def test_after_a_day_of_many_changes_two_hours_must_do() -> None:
    rows, clock = Rows(), Clock()
    for number in range(20_000):
        rows.change(str(number), NOON - timedelta(seconds=number))
    mark = settled(rows, clock)
    assert goes_on_below(rows.sorted()[:7000], mark)
    assert not goes_on_below(rows.sorted()[:8000], mark)
    rows.zone = timezone(timedelta(hours=10))
    rows.change("new", NOON)
    assert goes_on_below(rows.sorted()[:8000], mark)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_every_change_is_told_by_the_next_two_readings(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    rows, clock = Rows(timezone(timedelta(hours=chance.randint(-11, 13)))), Clock()
    server = NOON
    told: set[str] = set()
    mark = rows.since(None, clock.pass_by(0)).watermark
    untold: set[str] = set()
    for _ in range(60):
        for _ in range(chance.randrange(4)):
            id_, before = str(chance.randrange(30)), dict(rows.texts)
            late = chance.choice([0, 0, 0, 3])
            rows.change(id_, server - timedelta(seconds=late))
            if late == 0 or rows.texts[id_] != before.get(id_):
                untold.add(id_)  # or it cannot be seen by anybody
        changes = rows.since(mark, clock.now, page=chance.randint(1, 40))
        mark = changes.watermark
        told = set(changes.ids)
        assert untold <= told
        untold.clear()
        step = chance.choice([0, 0.3, 1, 5, 4000])
        server += timedelta(seconds=step)
        clock.pass_by(step)
        if chance.random() < 0.05:
            rows.zone = timezone(timedelta(hours=chance.randint(-11, 13)))


def test_rows_are_counted_once_however_often_they_come() -> None:
    row = Changed("1", NOON.isoformat(), NOON)
    older = Changed("1", (NOON - timedelta(1)).isoformat(), NOON - timedelta(1))
    rows: Iterable[Changed] = [row, row, older]
    empty = Watermark(None, 0, {}, NOON, is_settled=True)
    assert changes_of(rows, empty, NOON).ids == ("1",)
