"""Years of a career: one text until 0.31; since then a start and an end, of which the text is made."""

import re
from collections.abc import Collection

from stash_sense.fakes.stash.rows import Row

_LENGTH = re.compile(r"(\d{4})?(?: ?- ?(\d{4})?)?", re.ASCII)


def write_career(row: Row, given: Collection[str]) -> None:
    """Bring the text and the years of a career together, as 0.31 keeps them.

    Args:
        row: of a performer that is open for change, into which all that was given is written.
        given: names of the fields that were given; the text is only read when the years are not among them.
    """
    if "career_length" in given and not {"career_start", "career_end"} & set(given):
        years = _LENGTH.fullmatch(row["career_length"])
        row["career_start"], row["career_end"] = years.groups() if years else (None, None)
    start, end = row["career_start"] or "", row["career_end"] or ""
    row["career_length"] = f"{start} - {end}".strip() if start or end else ""
