"""A long but flat JSON document to its entries, one at a time, in memory that does not grow with it."""

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any

_PIECE = 1024 * 1024
"""Bytes read at once."""
_ENTRY = 16 * 1024
"""Characters that an entry may have; it is all that is decoded at once, however deep it may be nested."""
_SPACE = " \t\r\n"


class JsonDamaged(Exception):
    """The document is not what it should be; the message says where."""


def array_entries(file: IO[bytes], most: int) -> Iterator[Any]:
    """Give the entries of an array.

    Args:
        file: the document, UTF-8.
        most: entries that there may be.

    Raises:
        JsonDamaged: it is no array, an entry is too long, or there are too many; what came before was given.
    """
    text = _Text(file)
    for _ in _places(text, "[", "]", most):
        yield text.value()


def object_entries(file: IO[bytes], most: int) -> Iterator[tuple[str, Any]]:
    """Give the keys and values of an object; arguments and errors as `array_entries` has them."""
    text = _Text(file)
    for _ in _places(text, "{", "}", most):
        key = text.value()
        if not isinstance(key, str):
            raise JsonDamaged("an entry has a key that is no text")
        text.expect(":")
        yield key, text.value()


def _places(text: "_Text", first: str, last: str, most: int) -> Iterator[int]:
    """Stop at the begin of each entry between two brackets."""
    text.expect(first)
    if text.peek() == last:
        text.expect(last)
    else:
        number = 0
        while True:
            if number == most:
                raise JsonDamaged(f"it has more than {most} entries")
            yield number
            number += 1
            if text.peek() == last:
                text.expect(last)
                break
            text.expect(",")
    if text.peek():
        raise JsonDamaged("something follows its end")


class _Text:
    """A file's text, of which one window is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()
        self._window = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is no white space, empty at the end."""
        while True:
            while self._at < len(self._window) and self._window[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._window) or not self._more():
                return self._window[self._at : self._at + 1]

    def expect(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise JsonDamaged(f"{character} is missing" + (f" before {found}" if found else " at its end"))
        self._at += 1

    def value(self) -> Any:
        """Return the next entry."""
        self.peek()
        # A number at the very end of the window might go on behind it, so the window reaches beyond every entry.
        while len(self._window) - self._at <= _ENTRY and self._more():
            pass
        try:
            value, length = self._json.raw_decode(self._window[self._at : self._at + _ENTRY])
        except (ValueError, RecursionError) as error:
            raise JsonDamaged(f"an entry is no JSON, or has more than {_ENTRY} characters") from error
        self._at += length
        return value

    def _more(self) -> bool:
        if self._ended:
            return False
        content = self._file.read(_PIECE)
        self._ended = not content
        try:
            text = self._decoder.decode(content, final=self._ended)
        except UnicodeDecodeError as error:
            raise JsonDamaged("it is no UTF-8 text") from error
        self._window = self._window[self._at :] + text
        self._at = 0
        return not self._ended
