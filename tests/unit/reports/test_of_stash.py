"""What is said about something of Stash on the page and in the terminal."""

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

from rich.console import Console, RenderableType

from stash_sense.identification.library_result import GalleryPerson, IdentifiedGallery
from stash_sense.identification.result import Attempt, Failure, Identification, LibraryFacts, TaggedPerformer
from stash_sense.identification.subject import FramesFrom
from stash_sense.reports.gallery import gallery_report
from stash_sense.reports.html import render_html
from stash_sense.reports.table import file_report

SAID = (
    "frames from the sprites and the cover",
    "not from the file: It is broken.",
    "not from Stash: It is gone.",
    "tagged, but not recognised: Ada",
    "tagged, but not in the database: Eve",
)


def facts(suffix: str = "") -> LibraryFacts:
    attempts = (
        Attempt(FramesFrom.FILE, Failure("a", "It is broken.")),
        Attempt(FramesFrom.STREAM, Failure("b", "It is gone.")),
    )
    performers = (
        TaggedPerformer("1", f"Ada{suffix}", ("x:1",), seen=False),
        TaggedPerformer("2", "Ben", ("x:2",), seen=True),
        TaggedPerformer("3", f"Eve{suffix}", (), seen=False),
    )
    return LibraryFacts("scene", "12", FramesFrom.SPRITES, True, attempts, performers)


def printed(report: RenderableType) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


def test_the_terminal_and_the_page_say_where_frames_came_from_and_who_is_tagged(video: Identification) -> None:
    result = replace(video, library=facts())
    page = unescape(render_html([result], datetime(2026, 1, 1, tzinfo=UTC), "1"))
    for line in SAID:
        assert line in printed(file_report(result))
        assert line[0].upper() + line[1:] in page
    assert "frames from" not in printed(file_report(video))


def test_a_performers_name_stays_text(video: Identification, hostile: str) -> None:
    result = replace(video, library=facts(hostile))
    assert "\x1b" not in printed(file_report(result))
    assert "<script" not in render_html([result], datetime(2026, 1, 1, tzinfo=UTC), "1").lower()


def test_a_gallery_lists_its_people_and_what_failed(failed: Identification, hostile: str) -> None:
    people = (
        GalleryPerson("x:1", "Ada", 0.25, 0.3, 0.98, ("4", "5"), tagged=True),
        GalleryPerson("x:2", hostile, 0.1, 0.1, 0.7, ("4",), tagged=False),
    )
    said = printed(gallery_report(IdentifiedGallery("3", 1_500, 4, 9, people, ()), [failed]))
    assert "1,500 images, 9 faces" in said
    assert "Ada (tagged)" in said
    assert "0.250" in said
    assert "broken.mkv" in said
    assert "\x1b" not in said
    assert "Nobody" in printed(gallery_report(IdentifiedGallery("3", 0, 0, 0, (), ()), []))
