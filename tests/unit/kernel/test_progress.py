from stash_sense.kernel.progress import Progress, silent


def test_a_report_needs_no_total_and_no_note() -> None:
    report = Progress("downloading", 3)
    assert (report.total, report.note) == (None, "")


def test_a_silent_listener_takes_any_report() -> None:
    silent(Progress("downloading", 3, 5, "a file"))
