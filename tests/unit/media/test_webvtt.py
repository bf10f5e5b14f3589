import pytest

from stash_sense.media.webvtt import Cue, cues_in, is_webvtt

STASH = b"""WEBVTT

00:00:00.000 --> 00:00:07.500
a_sprite.jpg#xywh=0,0,160,90

01:00:07.500 --> 01:00:15.000
a_sprite.jpg#xywh=160,0,160,90

"""
TWO = [Cue(0.0, 7.5, "a_sprite.jpg", (0, 0, 160, 90)), Cue(3607.5, 3615.0, "a_sprite.jpg", (160, 0, 160, 90))]


def cues(text: str) -> list[Cue]:
    return list(cues_in(text.encode()))


def test_cues_are_read_as_stash_writes_them() -> None:
    assert list(cues_in(STASH)) == TWO


@pytest.mark.parametrize(
    "written",
    [
        STASH.replace(b"\n", b"\r\n"),
        STASH.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + STASH,
        STASH.removeprefix(b"WEBVTT\n\n"),
        STASH.replace(b"WEBVTT", b"WEBVTT - sprites of a film"),
        STASH.rstrip(),
        STASH.replace(b"\n\n01:00", b"\n01:00"),
        STASH.replace(b"\n\n01:00", b"\n\n\n\n \t\n01:00"),
        STASH.replace(b"00:00:00.000", b"1\n00:00:00.000").replace(b"01:00:07.500", b"second\n01:00:07.500", 1),
        STASH.replace(b"00:00:00.000 --> 00:00:07.500", b"00:00.000 --> 00:07.500 align:start line:0%"),
        STASH.replace(b"00:00:00.000 --> 00:00:07.500", b"00:00:00,000-->00:00:07,5"),
        STASH.replace(b"\n\n01", b"\n\nNOTE\nthis is\nb.jpg#xywh=1,2,30,40\n\nSTYLE\n::cue {}\n\nREGION\nid:x\n\n01"),
        STASH.replace(b"#xywh=0,", b"#xywh=pixel:0,"),
    ],
)
def test_what_is_written_otherwise_is_read_alike(written: bytes) -> None:
    assert list(cues_in(written)) == TWO


@pytest.mark.parametrize(
    "cue",
    [
        "00:00:01.000 -> 00:00:02.000\na.jpg#xywh=0,0,1,1",
        "00:00:01.000 --> soon\na.jpg#xywh=0,0,1,1",
        "00:00:01.000 --> 00:00:02.000\nSomebody speaks.",
        "00:00:01.000 --> 00:00:02.000\na.jpg",
        "00:00:01.000 --> 00:00:02.000\na.jpg#xywh=percent:0,0,10,10",
        "00:00:01.000 --> 00:00:02.000\na.jpg#xywh=0,0,1",
        "00:00:01.000 --> 00:00:02.000\na.jpg#xywh=0,0,1.5,1",
        "00:00:01.000 --> 00:00:02.000\na.jpg#xywh=0,0,99999999999999999999,1",
        "00:00:01.000 --> 00:00:02.000\n" + "a" * 10_000 + "#xywh=0,0,1,1",
        "00:00:01.000 --> 00:00:02.000",
    ],
)
def test_a_cue_that_names_no_part_of_a_picture_is_passed_over_and_the_next_is_read(cue: str) -> None:
    good = "00:00:03.000 --> 00:00:04.000\nb.jpg#xywh=-5,0,16,16"
    assert cues(f"WEBVTT\n\n{cue}\n\n{good}\n") == [Cue(3.0, 4.0, "b.jpg", (-5, 0, 16, 16))]


def test_bytes_that_are_no_text_spoil_only_their_line() -> None:
    written = b"WEBVTT\n\n\xff\xfe\0\n\n" + STASH.removeprefix(b"WEBVTT\n\n")
    assert list(cues_in(written)) == TWO


def test_a_hundred_thousand_cues_are_read_one_by_one() -> None:
    cue = "00:{:02}:{:02}.000 --> 00:00:00.000\na.jpg#xywh=0,0,16,16\n\n"
    text = "".join(cue.format(number // 60 % 60, number % 60) for number in range(100_000))
    assert sum(1 for _ in cues_in(text.encode())) == 100_000


def test_lines_without_end_and_arrows_without_end_cost_no_more_than_others() -> None:
    assert cues("0:" * 2_000_000) == []
    assert cues("00:00 -->" * 1_000_000) == []


@pytest.mark.parametrize("head", [b"WEBVTT", b"WEBVTT\n", b"WEBVTT\r\n", b"WEBVTT x", b"\xef\xbb\xbfWEBVTT\n"])
def test_the_signature_tells_webvtt(head: bytes) -> None:
    assert is_webvtt(head)


@pytest.mark.parametrize("head", [b"", b"WEBVTTX", b"webvtt", b"<html>", b" WEBVTT"])
def test_what_has_no_signature_is_something_else(head: bytes) -> None:
    assert not is_webvtt(head)
