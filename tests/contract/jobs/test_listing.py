"""Lists, places in line, history and schedules of jobs, in memory and in SQLite."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.contract.jobs.asking import claimed, put
from tests.queue_files import START, AnyStore, ManualClock, new_job

from stash_sense.jobs.job import JobStatus, NewJob, Slot
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import PageQuery


def test_pages_go_from_the_newest_to_the_oldest_without_gap(store: AnyStore) -> None:
    ids = [put(store, ["look", "tidy"][number % 2]).id for number in range(7)]
    for number in ids[:3]:
        store.request_stop(number)
    seen: list[int] = []
    while page := store.page(PageQuery(seen[-1] if seen else None, limit=3)):
        seen += [job.id for job in page]
    assert seen == ids[::-1]
    cancelled = store.page(PageQuery(statuses=[JobStatus.CANCELLED]))
    assert [job.id for job in cancelled] == ids[2::-1]
    both = store.page(PageQuery(statuses=[JobStatus.CANCELLED, JobStatus.RUNNING], types=["tidy"]))
    assert [job.id for job in both] == [ids[1]]
    assert store.counts().by_status[JobStatus.QUEUED] == 4


def test_the_place_of_a_waiting_job_counts_those_of_its_slot_before_it(store: AnyStore) -> None:
    first, second = put(store), put(store)
    put(store, "fetch", slot=Slot.NETWORK)
    urgent = put(store, priority=0)
    assert [store.place(job.id) for job in (urgent, first, second)] == [0, 1, 2]
    mine = claimed(store)
    assert store.place(mine.id) is None
    assert store.place(999) is None


def test_history_is_pruned_by_age_and_never_what_is_active_or_held(store: AnyStore, clock: ManualClock) -> None:
    old, forced, held = put(store), put(store), put(store)
    store.request_stop(old.id)
    claimed(store), claimed(store)
    store.request_stop(forced.id)
    store.request_stop(forced.id)
    clock.pass_time(86400)
    young = put(store)
    store.request_stop(young.id)
    assert store.prune(datetime.fromtimestamp(START + 60, UTC)) == 1
    assert store.get(old.id) is None
    assert store.prune(None) == 1
    assert [job.id for job in store.page(PageQuery())] == [held.id, forced.id]
    assert put(store).id > young.id, "numbers are not given twice"


def test_the_newest_ended_job_of_a_spared_kind_stays(store: AnyStore) -> None:
    jobs = [put(store, name) for name in ("look", "look", "tidy")]
    for job in jobs:
        store.request_stop(job.id)
    assert store.prune(None, spare=["look"]) == 2
    assert [job.id for job in store.page(PageQuery())] == [jobs[1].id]


def test_only_some_states_are_pruned_when_asked(store: AnyStore) -> None:
    job = put(store)
    store.request_stop(job.id)
    assert store.prune(None, [JobStatus.FAILED, JobStatus.QUEUED]) == 0
    assert store.prune(None, [JobStatus.CANCELLED]) == 1


def test_schedules_are_kept_as_they_were_given(store: AnyStore) -> None:
    first = Schedule("look", True, 3600.0, None, "UTC", 60.0, 10, START, START + 3600)
    second = Schedule("fetch", cron="0 3 * * *", timezone="Europe/Berlin")
    store.add_schedule(first)
    store.add_schedule(replace(first, interval_seconds=5.0))
    store.save_schedule(second)
    assert store.schedules() == [second, first]
    store.save_schedule(replace(first, enabled=False))
    assert [schedule.enabled for schedule in store.schedules()] == [False, False]


def test_a_scheduled_run_moves_the_schedule_and_puts_the_job_in_once(store: AnyStore) -> None:
    seen = Schedule("look", True, 3600.0, next_run_at=START)
    moved = replace(seen, last_run_at=START + 1, next_run_at=START + 3601)
    new: NewJob = new_job(dedupe_key="look", triggered_by="schedule")
    store.add_schedule(seen)
    ran = store.run_scheduled(seen, moved, new)
    assert ran is not None
    assert ran[1]
    assert store.schedules() == [moved]
    assert store.run_scheduled(seen, moved, new) is None, "another process was quicker"
    again = store.run_scheduled(moved, replace(moved, next_run_at=START + 7200), new)
    assert again is not None
    assert (again[0].id, again[1]) == (ran[0].id, False), "it is still at work"


def test_a_disabled_schedule_runs_nothing(store: AnyStore) -> None:
    seen = Schedule("look", False, 3600.0, next_run_at=START)
    store.add_schedule(seen)
    assert store.run_scheduled(replace(seen, enabled=True), seen, new_job()) is None
    assert store.counts().by_status[JobStatus.QUEUED] == 0
