"""What is counted of a service that was killed."""

from dataclasses import replace

from benchmarks.reliability.killed import Found, aims, figures_of

WELL = Found(
    kills=2,
    early=0,
    status="completed",
    attempts=3,
    items=15,
    jobs=1,
    applied=list(range(15)),
    begun=[[0, 0], [5, 0], [5, 1], [10, 2]],
    sound="ok",
    exit_code=0,
)


def missed(found: Found) -> list[str]:
    return [str(aim["what"]) for aim in aims(figures_of(found)) if not aim["met"]]


def test_nothing_lost_and_one_batch_begun_anew_is_what_is_asked() -> None:
    figures = figures_of(WELL)
    assert (figures["batches begun"], figures["batches redone"]) == (4, 1)
    assert missed(WELL) == []


def test_an_item_that_the_job_went_past_is_lost() -> None:
    found = replace(WELL, applied=[item for item in range(15) if item != 7])
    assert figures_of(found)["items lost"] == 1
    assert missed(found) == ["items lost"]


def test_an_item_that_stands_twice_in_the_ledger_was_applied_twice() -> None:
    assert missed(replace(WELL, applied=[*range(15), 3])) == ["items applied twice"]


def test_two_batches_begun_anew_after_one_kill_are_one_too_many() -> None:
    found = replace(WELL, begun=[[0, 0], [5, 0], [0, 1], [5, 1], [10, 1]])
    assert figures_of(found)["batches redone after one kill, most"] == 2
    assert missed(found) == ["batches redone after one kill, most"]


def test_one_batch_begun_anew_after_each_of_two_kills_is_none_too_many() -> None:
    assert missed(replace(WELL, begun=[[0, 0], [5, 0], [5, 1], [5, 2], [10, 2]])) == []


def test_a_job_that_failed_and_a_damaged_database_miss_their_aims() -> None:
    assert missed(replace(WELL, status="failed", sound="row 3 missing from index")) == ["job", "integrity_check"]
