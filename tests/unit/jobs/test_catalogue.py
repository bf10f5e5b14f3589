import pytest
from pydantic import BaseModel
from tests.queue_files import kind

from stash_sense.errors import JobPayloadInvalid, JobTypeUnknown, ScheduleInvalid
from stash_sense.jobs.catalogue import Catalogue, NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Priority, Slot
from stash_sense.jobs.store import Checkpoint, Report
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress


class Asked(BaseModel):
    folders: list[str]
    most: int = 3


def nothing(context: JobContext[NoPayload]) -> None:
    return None


def test_a_kind_is_known_by_its_name_in_the_order_of_registration() -> None:
    catalogue = Catalogue(kind(nothing, "look"), kind(nothing, "fetch"))
    assert catalogue.names == ("look", "fetch")
    assert catalogue.get("fetch").title == "Fetch"
    with pytest.raises(JobTypeUnknown) as unknown:
        catalogue.get("dance")
    assert str(unknown.value) == "There is no kind of job called dance; there are: look, fetch."


@pytest.mark.parametrize("name", ["look", "Look", "a b", "", "_x", "é"])
def test_a_name_that_is_taken_or_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"registered|no name"):
        Catalogue(kind(nothing, "look"), kind(nothing, name))


def test_a_first_schedule_that_cannot_be_followed_is_refused() -> None:
    with pytest.raises(ScheduleInvalid):
        Catalogue(kind(nothing, interval_seconds=3.0))


def test_what_is_put_into_the_queue_has_all_defaults_filled_in() -> None:
    look = kind(nothing, payload=Asked, slot=Slot.GPU, priority=Priority.LOW, exclusive=True, incremental=True)
    new = look.new_job({"folders": ["a"]}, triggered_by="schedule")
    assert (new.payload, new.priority, new.slot) == ({"folders": ["a"], "most": 3}, 100, Slot.GPU)
    assert (new.dedupe_key, new.goes_on, new.max_attempts, new.triggered_by) == ("look", True, 5, "schedule")
    again = look.new_job({"folders": []}, priority=0, from_start=True)
    assert (again.priority, again.goes_on) == (0, False)


def test_of_an_exclusive_kind_with_subjects_one_is_active_for_each() -> None:
    look = kind(nothing, payload=Asked, exclusive=True, subject=lambda asked: asked.folders[0])
    keys = [
        look.new_job({"folders": [name], "most": most}).dedupe_key for name, most in (("a", 1), ("a", 2), ("b", 1))
    ]
    assert keys == ["look:a", "look:a", "look:b"]


@pytest.mark.parametrize(
    ("payload", "field"), [({}, "folders"), ({"folders": [1]}, "folders.0"), ({"folders": [], "most": None}, "most")]
)
def test_a_payload_that_does_not_fit_is_refused_with_its_field(payload: dict[str, object], field: str) -> None:
    with pytest.raises(JobPayloadInvalid) as refused:
        kind(nothing, payload=Asked).new_job(payload)
    assert refused.value.fields["field"] == field


def test_a_job_that_is_given_nothing_may_be_given_nothing() -> None:
    with pytest.raises(JobPayloadInvalid):
        kind(nothing).new_job({"colour": "red"})


def test_a_context_tells_and_keeps_what_the_job_says() -> None:
    told: list[Report] = []
    kept: list[Checkpoint] = []
    context = JobContext(
        1, NoPayload(), 4, Report("read", 4, 9), {"seen": 4}, CancelToken(), told.append, kept.append
    )
    context.listen(Progress("read", 5, 9, "a.jpg"))
    context.checkpoint(6, done=6, found=2)
    assert told == [Report("read", 5, 9, "a.jpg"), Report("read", 6, 9, "a.jpg")]
    assert kept == [Checkpoint(6, Report("read", 6, 9, "a.jpg"), {"seen": 4, "found": 2})]
    assert (context.cursor, context.report.done) == (6, 6)
