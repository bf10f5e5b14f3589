"""Texts that can be stored, out of names of files, which may hold bytes that are none."""

from typing import Annotated

from pydantic import AfterValidator


def as_unicode(text: str) -> str:
    """Replace what is no Unicode, as names of files may hold, so that a text can be stored."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


StoredText = Annotated[str, AfterValidator(as_unicode)]
"""A text of a document, which may be made of the name of a file."""
