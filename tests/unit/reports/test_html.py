"""The HTML page: whole, self-contained, readable by everybody, and deaf to what is in a name."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from stash_sense.identification.result import Identification, SeenPerson
from stash_sense.reports.file_section import UNKNOWN_SHOWN
from stash_sense.reports.html import render_html
from stash_sense.reports.portraits import CROPS_PER_PAGE, crops_per_person
from stash_sense.reports.timeline import axis_times
from stash_sense.reports.wording import visible

MADE_AT = datetime(2025, 11, 22, 15, 46, tzinfo=UTC)
WITHOUT_END = {"meta", "img"}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "details", "summary"),
    *("h1", "h2", "h3", "h4", "h5", "p", "a", "span", "div", "ul", "li", "dl", "dt", "dd", "strong", "code", "time"),
    *("bdi", "img", "figure", "figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "path", "circle", "text"),
}


class Page(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data:
            self.texts.append((self.open[-1], data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def all(self, tag: str, class_: str | None = None) -> list[dict[str, str | None]]:
        return [
            attributes
            for found, attributes in self.elements
            if found == tag and (class_ is None or class_ in (attributes.get("class") or "").split())
        ]

    def text_in(self, tag: str) -> list[str]:
        return [text for found, text in self.texts if found == tag]

    @property
    def text(self) -> str:
        return " ".join(text for tag, text in self.texts if tag != "style")


def page_of(*results: Identification) -> Page:
    return Page(render_html(results, MADE_AT, "1.2.3"))


def assert_loads_and_runs_nothing(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag in ELEMENTS | {"title"}
        for key, value in attributes.items():
            assert not key.startswith("on")
            assert key not in {"style", "srcset", "action", "formaction", "xlink:href", "background", "poster"}
            if key == "src":
                assert (value or "").startswith("data:image/jpeg;base64,")
            if key == "href":
                assert re.fullmatch(r"#file(s|-\d+)", value or "")


def test_the_page_says_what_was_found(video: Identification) -> None:
    page = page_of(video)
    for words in ("holiday/clip.mp4", "1:03:20", "1920 × 1080", "1,520", "4.2 s", "Ada Lovelace"):  # noqa: RUF001
        assert words in page.text
    for words in ("93%", "Distance 0.284", "3 frames, 0:05 to 1:02:05", "Tagged", "Unknown person 1", "Grace Hopper"):
        assert words in page.text
    for words in ("22 November 2025, 15:46 UTC", "pack-a", "balanced", "1.2.3"):
        assert words in page.text


def test_the_page_loads_nothing_from_anywhere(
    video: Identification, picture: Identification, failed: Identification, empty: Identification
) -> None:
    html = render_html([video, picture, failed, empty], MADE_AT, "1.2.3")
    assert not re.search(r"https?:|//\w|url\(|@import|<script|<link|<iframe", html)
    assert_loads_and_runs_nothing(Page(html))


def test_the_policy_allows_the_page_its_own_style_and_pictures_and_nothing_else(video: Identification) -> None:
    page = page_of(video)
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    (style,) = page.text_in("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_any_text_stays_text(hostile: str, filled_with: Callable[[str], list[Identification]]) -> None:
    html = render_html(filled_with(hostile), MADE_AT, hostile)
    html.encode("utf-8")
    page = Page(html)
    assert_loads_and_runs_nothing(page)
    assert not hostile or visible(hostile) in page.text_in("bdi")
    assert len(page.text_in("style")) == 1


@settings(max_examples=40)
@given(st.text(st.characters(codec=None)))
def test_any_name_at_all_leaves_the_page_whole(filled_with: Callable[[str], list[Identification]], name: str) -> None:
    html = render_html(filled_with(name), MADE_AT, "1")
    html.encode("utf-8")
    assert_loads_and_runs_nothing(Page(html))


def test_faces_are_jpegs_with_a_text_and_at_most_six_for_each_person(video: Identification) -> None:
    faces = page_of(video).all("img")
    of_ada = [face for face in faces if "Ada" in (face["alt"] or "")]
    assert (len(faces), len(of_ada)) == (9, 6)
    assert of_ada[0]["alt"] == "Face of Ada Lovelace, 1 of 6"
    data = base64.b64decode((of_ada[0]["src"] or "").partition(",")[2])
    with Picture.open(io.BytesIO(data)) as face:
        assert (face.format, face.size) == ("JPEG", (96, 96))


def test_many_people_get_fewer_faces_each_but_always_one(picture: Identification) -> None:
    assert crops_per_person([]) == 6
    assert crops_per_person([picture] * (CROPS_PER_PAGE // 6)) == 6
    assert crops_per_person([picture] * (CROPS_PER_PAGE // 2)) == 2
    assert crops_per_person([picture] * (CROPS_PER_PAGE * 9)) == 1


def test_a_video_has_a_lane_for_each_person(video: Identification) -> None:
    page = page_of(video)
    assert len(page.all("path", "ticks")) == 3
    assert page.text_in("title")[1:] == [
        "Seen in 3 frames, 0:05 to 1:02:05",
        "Seen in 1 frame, 0:12 to 0:12",
        "Seen in 2 frames, 0:07 to 0:08",
    ]
    assert page.text_in("text") == ["0:00", "15:00", "30:00", "45:00", "1:00:00"]


def test_a_picture_has_no_timeline_and_counts_faces(picture: Identification) -> None:
    page = page_of(picture)
    assert page.all("figure") == []
    assert "1 face" in page.text_in("p")


def test_a_lane_has_no_more_ticks_than_can_be_told_apart(video: Identification) -> None:
    ada = video.persons[0]
    crowded = replace(ada, sightings=tuple(replace(ada.sightings[0], t=n / 50) for n in range(50_000)))
    (ticks,) = page_of(replace(video, persons=(crowded,), unknown=())).all("path", "ticks")
    assert (ticks["d"] or "").count("M") <= 1001


@given(st.floats(min_value=0.001, max_value=1e12))
def test_the_axis_has_few_labels_at_even_times_within_the_video(length: float) -> None:
    labels = axis_times(length)
    assert labels[0] == 0
    assert labels[-1] <= length
    assert 1 <= len(labels) <= 7
    assert len({later - earlier for earlier, later in pairwise(labels)}) <= 1


def test_a_person_has_the_same_colour_and_shape_in_every_file(video: Identification, picture: Identification) -> None:
    alan_first = replace(video, persons=video.persons[::-1], unknown=())
    html = render_html([alan_first, picture], MADE_AT, "1")
    drawn = re.findall(r'<svg class="mark (p\d)"[^>]*>(.{5,60}?)</svg><bdi>(Ada|Alan)', html)
    assert len(drawn) == 10  # for each in the table; in each file at a glance and in the row; in the video a lane
    assert len({(who, colour, shape) for colour, shape, who in drawn}) == 2
    assert len({shape for _, shape, _ in drawn}) == 2


def test_a_failure_is_a_clear_notice(failed: Identification) -> None:
    page = page_of(failed)
    assert "Could not be identified" in page.text_in("strong")
    assert str(failed.failure and failed.failure.message) in page.text_in("p")
    assert "video_damaged" in page.text_in("code")
    assert "file failed" in page.text_in("dt")


def test_a_file_without_faces_and_a_run_without_files_say_so(empty: Identification) -> None:
    assert "No faces were found." in page_of(empty).text
    assert "No files were looked at." in page_of().text


@pytest.mark.parametrize(("files", "opened"), [(1, 1), (3, 3), (4, 0)])
def test_up_to_three_files_are_shown_opened(picture: Identification, files: int, opened: int) -> None:
    sections = page_of(*[picture] * files).all("details", "file")
    assert len(sections) == files
    assert sum("open" in section for section in sections) == opened


def test_the_people_of_several_files_are_listed_with_links_to_the_files(
    video: Identification, picture: Identification, failed: Identification
) -> None:
    page = page_of(failed, video, picture)
    targets = {section["id"] for section in page.all("details", "file")}
    links = {str(link["href"]).removeprefix("#") for link in page.all("a") if link["href"] != "#files"}
    assert links == {"file-2", "file-3"} <= targets
    assert [text for text in page.text_in("td") if text.isdigit()] == ["2", "1"]
    assert page_of(video).all("table") == []


def test_packs_are_told_apart_only_where_they_differ(video: Identification, picture: Identification) -> None:
    other = replace(picture, pack="pack-b")
    assert page_of(video, picture).text_in("dt").count("Model pack") == 1
    assert page_of(video, other).text_in("dt").count("Model pack") == 3
    assert "pack-a, pack-b" in page_of(video, other).text


def test_of_a_crowd_of_unknown_people_the_rest_is_counted(video: Identification) -> None:
    crowd = tuple(SeenPerson(stranger.sightings, stranger.crops[:0], ()) for stranger in video.unknown * 30)
    page = page_of(replace(video, unknown=crowd))
    assert len(page.all("li", "unnamed")) == UNKNOWN_SHOWN
    assert "6 unknown people more, seen less often." in page.text


def test_headings_and_landmarks_lead_through_the_page(video: Identification, failed: Identification) -> None:
    page = page_of(video, failed)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "caption")] == [1, 1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert attributes.get("aria-labelledby", ids[0]) in ids
    assert all(face["alt"] for face in page.all("img"))


def test_a_probability_is_a_number_and_a_meter(video: Identification) -> None:
    meters = page_of(video).all("svg", "meter")
    assert [(meter["role"], meter["aria-valuenow"]) for meter in meters] == [("meter", "93"), ("meter", "61")]


def test_a_probability_that_is_no_number_does_not_break_the_page(video: Identification) -> None:
    person = replace(video.persons[0], probability=float("nan"), distance=float("inf"))
    assert "Distance –" in page_of(replace(video, persons=(person,))).text  # noqa: RUF001


def luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_their_ground(video: Identification, theme: int) -> None:
    (style,) = page_of(video).text_in("style")
    colours = dict(
        re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme])
    )
    for ground in ("ground", "card"):
        assert all(contrast(colours[text], colours[ground]) >= 4.5 for text in ("ink", "muted", "link", "alarm"))
        assert all(contrast(colours[f"p{n}"], colours[ground]) >= 3.0 for n in range(8))
        assert contrast(colours["stranger"], colours[ground]) >= 3.0
    assert all(contrast(colours[text], colours["alarm-ground"]) >= 4.5 for text in ("ink", "muted", "alarm"))


def test_a_page_of_a_thousand_files_stays_small(picture: Identification) -> None:
    html = render_html([picture] * 1000, MADE_AT, "1")
    assert len(html) < 10_000_000
