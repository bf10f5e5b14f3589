"""What was noticed about pictures of people -> warnings, few enough to be read."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from stash_sense.performers.building.notes import ReferenceNote
from stash_sense.reports.wording import counted

_SHOWN = 10
"""Notes of one kind that are printed."""


def first_of_each_kind(
    notes: Sequence[ReferenceNote], counts: Mapping[str, int] | None = None, further: str = ""
) -> Iterator[str]:
    """Say what was noticed, but not the same thing of a thousand pictures.

    Args:
        notes: what was noticed, or the first of it.
        counts: how many notes there are of each code; those given without.
        further: where all are listed, to put after how many more there are.
    """
    said: Counter[str] = Counter()
    for note in notes:
        if said[note.code] < _SHOWN:
            said[note.code] += 1
            yield note.message
    for code, count in (Counter(_by_code(notes) if counts is None else counts) - said).items():
        more = counted(count, "more such picture or person", "more such pictures or people")
        yield f"{_in_words(code)}: {more}{further}."


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Say of each kind how many there are, most first."""
    return ", ".join(f"{_in_words(code)} {count:,}" for code, count in Counter(counts).most_common())


def _by_code(notes: Sequence[ReferenceNote]) -> Counter[str]:
    return Counter(note.code for note in notes)


def _in_words(code: str) -> str:
    return code.replace("_", " ")
