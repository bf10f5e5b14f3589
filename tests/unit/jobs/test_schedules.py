"""When jobs are started by the clock: both changes of daylight saving time, downtime, clocks that are set."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.queue_files import START, ManualClock, kind

from stash_sense.errors import JobPayloadInvalid, ScheduleInvalid
from stash_sense.jobs.catalogue import Catalogue
from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.scheduler import Scheduler
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import Outcome, PageQuery

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3600.0, 86400.0


def moments(cron: str, zone: str, since: datetime, count: int) -> list[str]:
    schedule = Schedule("look", cron=cron, timezone=zone)
    found = schedule.moments(since.timestamp(), count)
    return [datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%d %H:%M %Z") for moment in found]


def test_an_expression_is_read_in_its_time_zone() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert moments("30 3 * * *", "Europe/Berlin", noon, 2) == ["02 03:30 CEST", "03 03:30 CEST"]
    assert moments("30 3 * * 1", "America/New_York", noon, 1) == ["06 03:30 EDT"]


def test_a_time_that_daylight_saving_skips_comes_right_after_and_only_once() -> None:
    before = datetime(2027, 3, 27, 12, tzinfo=BERLIN)
    assert moments("30 2 * * *", "Europe/Berlin", before, 3) == ["28 03:00 CEST", "29 02:30 CEST", "30 02:30 CEST"]


def test_a_time_that_daylight_saving_repeats_comes_once_wherever_in_that_night_one_asks() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    assert moments("30 2 * * *", "Europe/Berlin", before, 2) == ["25 02:30 CEST", "26 02:30 CET"]
    for minute in range(0, 120, 5):  # from the first 2:30 on, through the whole repeated hour
        asked = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() + 60 * minute
        found = Schedule("look", cron="30 2 * * *", timezone="Europe/Berlin").moments(asked, 1)
        assert datetime.fromtimestamp(found[0], BERLIN).strftime("%d %H:%M %Z") == "26 02:30 CET"


def test_every_half_hour_goes_on_through_the_repeated_hour() -> None:
    before = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    found = moments("*/30 * * * *", "Europe/Berlin", before, 4)
    assert found == ["25 02:30 CEST", "25 02:00 CET", "25 02:30 CET", "25 03:00 CET"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "cron"),
        ({"cron": "* * * * *", "interval_seconds": 60.0}, "cron"),
        ({"cron": "every day"}, "cron"),
        ({"cron": "0 0 * * * *"}, "cron"),
        ({"cron": "0 61 * * *"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"cron": "0 3 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"cron": "0 3 * * *", "timezone": "../../etc/passwd"}, "timezone"),
        ({"cron": "0 3 * * *", "timezone": ""}, "timezone"),
        ({"interval_seconds": 59.0}, "interval_seconds"),
        ({"interval_seconds": float("nan")}, "interval_seconds"),
        ({"interval_seconds": float("inf")}, "interval_seconds"),
        ({"interval_seconds": 60.0, "jitter_seconds": -1.0}, "jitter_seconds"),
        ({"interval_seconds": 60.0, "jitter_seconds": float("nan")}, "jitter_seconds"),
    ],
)
def test_a_schedule_that_cannot_be_followed_is_refused_with_its_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ScheduleInvalid) as refused:
        Schedule("look", **fields).check()  # type: ignore[arg-type]
    assert refused.value.fields["field"] == field


class Plan:
    """A scheduler on a clock that is set by hand, whose jobs are done at once."""

    def __init__(self, spread: Callable[[float], float] = lambda seconds: seconds, **first: object) -> None:
        self.clock = ManualClock()
        self.store = MemoryJobStore(self.clock)
        options = {"interval_seconds": HOUR, "scheduled": True, "exclusive": True, **first}
        catalogue = Catalogue(kind(lambda context: None, **options))  # type: ignore[arg-type]
        self.scheduler = Scheduler(self.store, catalogue, self.clock, spread)
        self.scheduler.run_due()

    @property
    def next_run(self) -> float:
        moment = self.scheduler.schedules()[0].next_run_at
        assert moment is not None
        return moment - START

    def runs(self, seconds: float, step: float = 60.0) -> list[float]:
        """Seconds by the clock on the wall, counted from the start, at which jobs come while so much time passes."""
        came = []
        for _ in range(int(seconds / step)):
            self.clock.pass_time(step)
            for _ in self.scheduler.run_due():
                came.append(self.clock.wall() - START)
                job = self.store.claim("me", dict.fromkeys(Slot, 9), ["look"])
                assert job is not None
                self.store.finish(job.claim, Outcome(JobStatus.COMPLETED))
        return came


def test_an_interval_runs_a_job_every_so_often() -> None:
    plan = Plan()
    assert plan.next_run == HOUR
    assert plan.runs(3.5 * HOUR) == [HOUR, 2 * HOUR, 3 * HOUR]
    assert plan.next_run == 4 * HOUR


def test_jitter_makes_each_run_a_little_late() -> None:
    plan = Plan(jitter_seconds=600.0)
    assert plan.runs(3 * HOUR) == [HOUR + 600, 2 * HOUR + 1200]


def test_nothing_runs_unless_its_schedule_is_enabled() -> None:
    plan = Plan(scheduled=False)
    assert plan.scheduler.schedules()[0].next_run_at is None
    assert plan.runs(5 * HOUR) == []


def test_after_downtime_there_is_one_run_for_all_that_were_missed() -> None:
    plan = Plan()
    plan.clock.pass_time(50.5 * HOUR)
    assert plan.runs(2 * HOUR) == [50.5 * HOUR + 60, 51.5 * HOUR + 60]


def test_a_run_that_is_due_while_its_job_is_at_work_is_left_out() -> None:
    plan = Plan()
    plan.store.submit(plan.scheduler._catalogue.get("look").new_job({}))
    assert plan.runs(2.5 * HOUR) == []
    assert plan.next_run == 3 * HOUR


@pytest.mark.parametrize("hours", [5, 30, 24 * 365])
def test_a_clock_set_forward_runs_what_it_passes_once(hours: int) -> None:
    plan = Plan()
    plan.clock.set_wall(hours * HOUR)
    assert plan.runs(1.5 * HOUR) == [hours * HOUR + 60, (hours + 1) * HOUR + 60]


@pytest.mark.parametrize("hours", [5, 30, 24 * 365])
def test_a_clock_set_back_lets_an_interval_go_on(hours: int) -> None:
    plan = Plan()
    plan.runs(2.5 * HOUR)
    plan.clock.set_wall(-hours * HOUR)
    back = (2.5 - hours) * HOUR
    assert plan.runs(2.5 * HOUR) == pytest.approx([back + HOUR, back + 2 * HOUR], abs=90)


def test_a_clock_that_is_far_ahead_for_a_while_stops_no_expression() -> None:
    plan = Plan(interval_seconds=None, cron="0 3 * * *")
    plan.clock.set_wall(365 * DAY)
    assert len(plan.runs(60)) == 1
    plan.clock.set_wall(-365 * DAY)
    assert plan.runs(2 * DAY) == [3 * HOUR, 27 * HOUR]


def test_an_expression_that_ran_does_not_run_for_the_same_night_again() -> None:
    plan = Plan(interval_seconds=None, cron="0 3 * * *")
    assert plan.runs(3.5 * HOUR) == [3 * HOUR]
    plan.clock.set_wall(-HOUR)
    assert plan.runs(25 * HOUR) == [27 * HOUR]


def test_enabling_a_schedule_whose_run_is_overdue_makes_up_for_it_at_once() -> None:
    plan = Plan()
    plan.runs(1.5 * HOUR)
    schedule = plan.scheduler.schedules()[0]
    off = plan.scheduler.change(Schedule("look", False, HOUR, last_run_at=schedule.last_run_at))
    assert off.next_run_at is None
    assert plan.runs(3 * HOUR) == []
    plan.scheduler.change(Schedule("look", True, HOUR, last_run_at=schedule.last_run_at))
    assert plan.runs(1.5 * HOUR) == [4.5 * HOUR + 60, 5.5 * HOUR + 60]


def test_two_schedulers_on_one_store_run_each_job_once() -> None:
    plan = Plan(exclusive=False)
    other = Scheduler(plan.store, plan.scheduler._catalogue, plan.clock, lambda seconds: 0.0)
    for scheduler in (plan.scheduler, other):
        scheduler.run_due()
    plan.clock.pass_time(HOUR + 1)
    assert len(plan.scheduler.run_due()) + len(other.run_due()) == 1


def test_a_schedule_of_a_kind_that_this_program_does_not_have_is_left_alone() -> None:
    plan = Plan()
    plan.store.save_schedule(Schedule("later", True, HOUR, next_run_at=START))
    plan.scheduler.look_again()
    assert plan.runs(1.5 * HOUR) == [HOUR]
    assert [schedule.type for schedule in plan.scheduler.schedules()] == ["look"]


def test_a_schedule_that_this_machine_cannot_follow_holds_up_nobody_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    store = MemoryJobStore(clock)
    kinds = [kind(lambda context: None, name, interval_seconds=HOUR, scheduled=True) for name in ("look", "tidy")]
    scheduler = Scheduler(store, Catalogue(*kinds), clock, lambda seconds: seconds)
    for due in (START + 1, None):
        store.save_schedule(Schedule("look", True, cron="0 3 * * *", timezone="Mars/Olympus", next_run_at=due))
        clock.pass_time(2 * HOUR)
        scheduler.look_again()
        scheduler.run_due()
    assert [job.type for job in store.page(PageQuery())] == ["tidy"]
    assert [record.message.startswith("look is not started") for record in caplog.records] == [True]
    scheduler.change(Schedule("look", True, HOUR))
    clock.pass_time(HOUR + 1)
    assert "look" in [job.type for job in scheduler.run_due()]


def test_a_kind_that_has_to_be_given_something_cannot_have_a_schedule() -> None:
    from pydantic import BaseModel

    class Needs(BaseModel):
        folder: str

    with pytest.raises(JobPayloadInvalid):
        Catalogue(kind(lambda context: None, payload=Needs, interval_seconds=HOUR))
