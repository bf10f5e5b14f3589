"""WebVTT that names parts of pictures: its text to cues, whatever else is in it and however badly it is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SIGNATURE = b"WEBVTT"
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(r"\r\n|\r|\n")
_CLOCK = r"(?:(\d{1,6}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?"
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_PART = re.compile(r"(.*)#xywh=(?:pixel:)?\s*(-?\d{1,9}),\s*(-?\d{1,9}),\s*(-?\d{1,9}),\s*(-?\d{1,9})\s*")
_BLOCKS = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_LONGEST_LINE = 8192
"""Characters of a line that is looked at; the address of a picture has fewer."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A part of a picture that stands for a moment, as the file says; nothing of it is checked.

    Attributes:
        start, end: seconds.
        picture: its address, mostly relative to that of the file.
        box: left, top, width, height in pixels; may lie outside of the picture.
    """

    start: float
    end: float
    picture: str
    box: tuple[int, int, int, int]


def is_webvtt(head: bytes) -> bool:
    """Whether a file says in its first bytes that it is WebVTT."""
    text = head.removeprefix(_BOM)
    return text.startswith(_SIGNATURE) and text[len(_SIGNATURE) :][:1] in (b"", b" ", b"\t", b"\r", b"\n")


def cues_in(content: bytes) -> Iterator[Cue]:
    """Yield the cues that name a part of a picture, as they stand in the file; what is no such cue is passed over.

    Args:
        content: of the file; the line with its signature may be missing.
    """
    timing: tuple[float, float] | None = None
    passing = False
    for line in _lines(content.decode("utf-8-sig", "replace")):
        if not line.strip():
            timing, passing = None, False
        elif found := _TIMING.fullmatch(line):  # a cue begins here even where the empty line before it is missing
            clock = found.groups()
            timing, passing = (_seconds(*clock[:4]), _seconds(*clock[4:])), False
        elif timing is None and _BLOCKS.fullmatch(line):
            passing = True
        elif timing is not None and not passing and (part := _PART.fullmatch(line.strip())):
            left, top, width, height = (int(number) for number in part.groups()[1:])
            yield Cue(*timing, part[1].strip(), (left, top, width, height))
            timing = None


def _lines(text: str) -> Iterator[str]:
    start = 0
    for end in _LINE_END.finditer(text):
        if end.start() - start <= _LONGEST_LINE:
            yield text[start : end.start()]
        start = end.end()
    if start < len(text) and len(text) - start <= _LONGEST_LINE:
        yield text[start:]


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
