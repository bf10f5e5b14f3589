import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.media.kinds import (
    HEAD_BYTES,
    PICTURE_EXTENSIONS,
    PLAYLIST_EXTENSIONS,
    VIDEO_EXTENSIONS,
    Kind,
    is_audio,
    is_still_container,
    is_video_container,
    kind_of,
    picture_format,
)

MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
PICTURES = {
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "GIF": b"GIF89a\1\0\1\0",
    "WEBP": b"RIFF\x10\0\0\0WEBPVP8L",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
}
PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n",
    "hls with a byte order mark": b"\xef\xbb\xbf#EXTM3U\n",
    "ffconcat": b"ffconcat version 1.0\nfile other.mp4\n",
    "pls": b"[playlist]\nFile1=http://example.org/\n",
    "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
    "dash": b"<?xml version='1.0'?>\n<!-- made by hand -->\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>",
    "asx": b"<ASX version='3.0'><entry/></ASX>",
    "smil": b"<smil><body/></smil>",
}


@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8", "a", "a.txt"])
@pytest.mark.parametrize("format_name", PICTURES)
def test_a_picture_is_known_by_its_content_whatever_its_name(format_name: str, name: str) -> None:
    assert picture_format(PICTURES[format_name]) == format_name
    assert kind_of(name, PICTURES[format_name]) is Kind.PICTURE


def test_an_avif_that_names_another_brand_first_is_a_picture() -> None:
    assert picture_format(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") == "AVIF"


@pytest.mark.parametrize("name", ["a.mp4", "a.jpg", "a", "a.m3u8"])
@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_a_playlist_is_known_by_its_content_whatever_its_name(playlist: str, name: str) -> None:
    assert kind_of(name, PLAYLISTS[playlist]) is Kind.PLAYLIST


@pytest.mark.parametrize("extension", sorted(PLAYLIST_EXTENSIONS))
def test_a_list_of_plain_names_is_a_playlist_by_its_extension(extension: str) -> None:
    assert kind_of(f"list{extension.upper()}", b"one.mp4\ntwo.mp4\n") is Kind.PLAYLIST


@pytest.mark.parametrize("name", ["a.jpg", "a.m3u8", "a.mpd", "a"])
def test_a_video_is_known_by_its_content_whatever_its_name(name: str) -> None:
    assert kind_of(name, MP4) is Kind.VIDEO_OR_UNKNOWN


def test_a_damaged_picture_is_left_to_the_reader_of_pictures() -> None:
    assert kind_of("holiday.JPG", b"\0" * 100) is Kind.PICTURE


def test_what_is_not_recognised_is_left_to_the_reader_of_videos() -> None:
    assert kind_of("notes.txt", b"v=1 is not a session, <b>nor</b> is this a playlist") is Kind.VIDEO_OR_UNKNOWN


@pytest.mark.parametrize(
    "head",
    [
        MP4,
        b"\x1aE\xdf\xa3\x01\0",
        b"RIFF\0\0\0\0AVI LIST",
        b"FLV\x01\x05",
        b"\0\0\x01\xba\x44",
        (b"G" + bytes(187)) * 4,
        (bytes(4) + b"G" + bytes(187)) * 4,
    ],
)
def test_containers_of_video_are_told_by_their_first_bytes(head: bytes) -> None:
    assert is_video_container(head)
    assert not is_audio(head)


@pytest.mark.parametrize("head", [b"ID3\3\0", b"\xff\xfb\x90\0", b"fLaC\0", b"RIFF\0\0\0\0WAVEfmt ", b"\xff\xf1\x50"])
def test_files_of_sound_are_told_by_their_first_bytes(head: bytes) -> None:
    assert is_audio(head)
    assert not is_video_container(head)


def test_heic_is_a_still_and_not_a_video() -> None:
    assert is_still_container(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert not is_still_container(MP4)


@given(name=st.text(max_size=20), head=st.binary(max_size=HEAD_BYTES))
def test_any_bytes_under_any_name_have_a_kind(name: str, head: bytes) -> None:
    assert kind_of(name, head) in Kind
    assert is_audio(head) in (True, False)
    assert is_still_container(head) in (True, False)


def test_no_extension_is_of_two_kinds() -> None:
    assert not VIDEO_EXTENSIONS & PICTURE_EXTENSIONS
    assert not PLAYLIST_EXTENSIONS & (VIDEO_EXTENSIONS | PICTURE_EXTENSIONS)
