"""Answers beside the truth -> the people whose references should be looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stash_sense.evaluation.comparison import Compared


@dataclass(frozen=True, slots=True)
class Finding:
    """How often one person was found.

    Attributes:
        name: as the truth has it.
        references: in the gallery.
        files: that the person is in.
        found: files in which the person was named.
    """

    name: str
    references: int
    files: int
    found: int


@dataclass(frozen=True, slots=True)
class People:
    """Whose references should be looked at, each list by the number of files, most first.

    Attributes:
        lacking_references: in the truth, not in the gallery; they do not lower the recall.
        missed_with_one_reference: missed in at least one file; a second picture may help.
        never_found: in the gallery and in files, but named in none of them.
    """

    lacking_references: tuple[Finding, ...]
    missed_with_one_reference: tuple[Finding, ...]
    never_found: tuple[Finding, ...]


def people_of(compared: Sequence[Compared], references: Mapping[str, int]) -> People:
    """List the people of some files whose references should be looked at."""
    files: dict[str, int] = {}
    found: dict[str, int] = {}
    for one in compared:
        for name in one.known | one.lacking:
            files[name] = files.get(name, 0) + 1
            found[name] = found.get(name, 0) + (name in one.found)
    findings = [
        Finding(name, references.get(name, 0), files[name], found[name])
        for name in sorted(files, key=lambda name: (-files[name], name))
    ]
    return People(
        lacking_references=tuple(one for one in findings if not one.references),
        missed_with_one_reference=tuple(one for one in findings if one.references == 1 and one.found < one.files),
        never_found=tuple(one for one in findings if one.references and not one.found),
    )
