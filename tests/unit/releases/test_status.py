import pytest

from stash_sense.errors import Cancelled, DiskFull
from stash_sense.kernel.progress import Progress, silent
from stash_sense.releases.status import StatusBoard, UpdateState, UpdateStatus

WORKING = [
    UpdateState.DOWNLOADING,
    UpdateState.EXTRACTING,
    UpdateState.VERIFYING,
    UpdateState.SWAPPING,
    UpdateState.RELOADING,
]


@pytest.fixture
def board() -> StatusBoard:
    return StatusBoard()


def test_nothing_is_at_work_at_first(board: StatusBoard) -> None:
    assert board.read() == UpdateStatus(UpdateState.IDLE, 0.0, None, None, "", "")


def test_percent_grows_through_all_states_whatever_is_reported(board: StatusBoard) -> None:
    board.begin("1.0")
    listen = board.listening(silent)
    seen = [board.read().percent]
    for state in WORKING:
        board.enter(state, target="2.0")
        for done, total in ((0, 10), (10, 10), (3, 10), (20, 10), (5, None), (0, 0)):
            listen(Progress("anything", done, total))
            seen.append(board.read().percent)
    board.done("2.0")
    seen.append(board.read().percent)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 100
    assert board.read() == UpdateStatus(UpdateState.COMPLETE, 100.0, "2.0", "2.0")


def test_half_a_download_is_between_its_ends(board: StatusBoard) -> None:
    board.begin(None)
    board.enter(UpdateState.DOWNLOADING)
    before = board.read().percent
    board.listening(silent)(Progress("download", 50, 100))
    middle = board.read().percent
    board.enter(UpdateState.EXTRACTING)
    assert before < middle < board.read().percent


def test_reports_are_passed_on(board: StatusBoard) -> None:
    heard: list[Progress] = []
    report = Progress("download", 1, 2, "a note")
    board.listening(heard.append)(report)
    assert heard == [report]


def test_a_failure_stays_to_be_seen_with_its_reason_until_the_next_begins(board: StatusBoard) -> None:
    board.begin("1.0")
    board.enter(UpdateState.EXTRACTING, target="2.0")
    error = DiskFull(path="/data")
    board.fail(error)
    status = board.read()
    assert (status.state, status.code, status.reason) == (UpdateState.FAILED, "disk_full", str(error))
    assert (status.current, status.target) == ("1.0", "2.0")
    board.listening(silent)(Progress("late", 1, 1))
    assert board.read() == status
    board.begin("1.0")
    assert board.read() == UpdateStatus(UpdateState.CHECKING, 0.0, "1.0")


def test_a_failure_of_ours_has_a_code_and_a_reason_as_well(board: StatusBoard) -> None:
    board.fail(RuntimeError())
    assert (board.read().code, board.read().reason) == ("internal_fault", "RuntimeError")


def test_what_was_stopped_is_idle_and_says_so(board: StatusBoard) -> None:
    board.begin("1.0")
    board.enter(UpdateState.EXTRACTING, target="2.0")
    board.fail(Cancelled())
    status = board.read()
    assert (status.state, status.percent, status.current, status.target) == (UpdateState.IDLE, 0.0, "1.0", None)
    assert status.code == "cancelled"


def test_a_reason_that_names_a_file_whose_name_is_no_text_can_be_told(board: StatusBoard) -> None:
    board.begin("1.0")
    board.fail(DiskFull(path="/data\udcff"))
    assert board.read().reason.encode()
