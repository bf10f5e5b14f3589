"""`stash-sense demo` and `doctor`, from the shell to their output."""

import json
from pathlib import Path

from tests.e2e.conftest import Run


def test_the_demonstration_names_the_sample_people_and_says_where_its_report_is(run: Run, tmp_path: Path) -> None:
    first = run("demo")
    report = tmp_path / "data" / "demo" / "report.html"

    assert first.code == 0
    for name in ("Barack Obama", "Joe Biden", "Eileen Collins", "unknown person 1"):
        assert name in first.out
    assert str(report) in first.out
    assert "making the sample film" in first.err
    assert report.read_text().lower().startswith("<!doctype html>")
    assert "making the sample film" not in run("demo").err


def test_doctor_tells_the_pack_in_use_and_the_folders(run: Run, models_dir: Path, tmp_path: Path) -> None:
    ran = run("doctor", "--json")

    assert ran.code == 0
    told = json.dumps(ran.document)
    assert str(models_dir) in told
    assert str(tmp_path / "data") in told


def test_doctor_does_not_call_a_machine_ready_whose_state_is_damaged(run: Run, tmp_path: Path) -> None:
    whole = run("doctor")
    assert "Ready to identify." in whole.out
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "stash_sense.db").write_bytes(b"no database at all" * 300)
    damaged = run("doctor")
    assert damaged.code == 1
    assert "DAMAGED" in damaged.out
    assert "stash-sense restore FILE" in damaged.out
    assert "Ready to identify." not in damaged.out
