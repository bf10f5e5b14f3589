"""What a terminal says of the report "does it work on my library?"."""

from datetime import UTC, datetime

import pytest

from stash_sense.cli.report_tables import print_report
from stash_sense.scanning.report_counting import Counting, TaggedHere
from stash_sense.scanning.report_document import KindReport, LibraryReportDocument


def kind(name: str, tagged: int = 0) -> KindReport:
    counting = Counting(name)
    counting.items.tagged = tagged
    for number in range(tagged):
        ada = TaggedHere("1", "Ada", frozenset({"box.org:ada"}), 3)
        counting.add(str(number), [ada], [], {}, has_faces=True)
    return counting.report()


def told(capsys: pytest.CaptureFixture[str], *kinds: KindReport) -> str:
    made_at = datetime(2026, 11, 23, tzinfo=UTC)
    report = LibraryReportDocument(
        made_at=made_at, database="2026.11.22", pack="lite", mode="template", strict=False, kinds=list(kinds)
    )
    print_report(report, 10)
    return capsys.readouterr().out


def test_where_nothing_is_tagged_it_is_said_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, kind("scene"), kind("image")) == (
        "No scene or image in Stash has performers yet, so there is nothing to compare with: tag the performers of "
        "some there by hand, type `stash-sense scan`, and ask again.\n"
    )
    assert told(capsys, kind("image")).startswith("No image in Stash has performers yet, ")


def test_a_kind_without_tags_is_said_to_be_one_beside_another(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, kind("scene", tagged=1), kind("image"))
    assert "1 scene with performers: 1 compared.\n" in said
    assert said.endswith("\nNo image in Stash has performers.\n")
