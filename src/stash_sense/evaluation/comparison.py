"""One answer beside the truth about its file: which names are right, which wrong, and on whom they fell."""

from collections.abc import Mapping
from dataclasses import dataclass

from stash_sense.evaluation.answers import Answer, Claim, spelled
from stash_sense.evaluation.truth import Appearance, TrueFile
from stash_sense.evaluation.whereabouts import subject_of


@dataclass(frozen=True, slots=True)
class Counts:
    """What figures are made of; the counts of several files add up.

    Attributes:
        named: names given.
        right: of those, the names of people who are in the file.
        known: people in the file whom the gallery has.
        wrong: names given of people who are not in the file.
        wrong_of_strangers, wrong_of_known: wrong names of which it can be told on whom they fell.
        strangers: people without a reference, in the files where it can be told on whom wrong names fell.
        strangers_named: those of them who were given a wrong name.
        claims: people seen for whom somebody was proposed, where it can be told whether that is right.
        squared_error: sum of (probability - whether it was right) squared over the claims.
        counted: 1 for a file whose strangers were counted.
        count_error: there, how far the number of unknown people is from that of the strangers.
    """

    named: float = 0
    right: float = 0
    known: float = 0
    wrong: float = 0
    wrong_of_strangers: float = 0
    wrong_of_known: float = 0
    strangers: float = 0
    strangers_named: float = 0
    claims: float = 0
    squared_error: float = 0
    counted: float = 0
    count_error: float = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One file's answer beside its truth.

    Attributes:
        labels: what the file is like.
        known: people in it whom the gallery has.
        lacking: people in it of whom the gallery has no reference; they count as strangers.
        named: names that were given.
        wrong: those of people who are not in the file.
        counts: for figures.
        claims: (probability, whether it was right) of each person seen for whom somebody was proposed, where it can
            be told.
    """

    labels: Mapping[str, str]
    known: frozenset[str]
    lacking: frozenset[str]
    named: frozenset[str]
    wrong: frozenset[str]
    counts: Counts
    claims: tuple[tuple[float, bool], ...]

    @property
    def found(self) -> frozenset[str]:
        """Known people who were named."""
        return self.named & self.known

    @property
    def missed(self) -> frozenset[str]:
        """Known people who were not named."""
        return self.known - self.named


def compare(answer: Answer, file: TrueFile, references: Mapping[str, int]) -> Compared:
    """Compare an answer with the truth.

    A name is right if the person is in the file. A claim is right if the faces are those of the person proposed, by
    the tracks of the truth where one is near them. Elsewhere it is taken to be right if the person is in the file,
    and left out if that person was named there already: it may be more of the same person, or a stranger.

    Args:
        answer: of the file.
        file: the truth about it.
        references: how many references the gallery has of each name; people it lacks may be left out.
    """
    persons = frozenset(map(spelled, file.persons))
    known = frozenset(name for name in persons if references.get(name, 0))
    named = frozenset(answer.named)
    appearances = [one.model_copy(update={"subject": spelled(one.subject)}) for one in file.appearances]
    judged = ((claim.probability, _is_right(claim, persons, named, appearances)) for claim in answer.claims)
    claims = tuple((probability, right) for probability, right in judged if right is not None)
    strangers = None if file.strangers is None else file.strangers + len(persons - known)
    fallen = _on_whom(answer, persons, known, strangers, appearances)
    counts = Counts(
        named=len(named),
        right=len(named & persons),
        known=len(known),
        wrong=len(named - persons),
        wrong_of_strangers=fallen.on_strangers,
        wrong_of_known=fallen.on_known,
        strangers=fallen.strangers,
        strangers_named=fallen.strangers_named,
        claims=len(claims),
        squared_error=sum((probability - right) ** 2 for probability, right in claims),
        counted=int(strangers is not None),
        count_error=0 if strangers is None else abs(answer.unknown - strangers),
    )
    return Compared(file.labels, known, persons - known, named, named - persons, counts, claims)


def _is_right(
    claim: Claim, persons: frozenset[str], named: frozenset[str], appearances: list[Appearance]
) -> bool | None:
    if claim.name is None:
        return None
    subject = subject_of(claim.sightings, appearances)
    if subject is not None:
        return subject == claim.name
    if claim.name in persons and claim.name in named and not claim.named:
        return None
    return claim.name in persons


@dataclass(frozen=True, slots=True)
class _Fallen:
    on_strangers: int = 0
    on_known: int = 0
    strangers: int = 0
    strangers_named: int = 0


def _on_whom(
    answer: Answer,
    persons: frozenset[str],
    known: frozenset[str],
    strangers: int | None,
    appearances: list[Appearance],
) -> _Fallen:
    """Tell on whom wrong names fell: by where they were seen, or because only strangers are in the file."""
    wrong = [claim for claim in answer.claims if claim.named and claim.name not in persons]
    if appearances:
        return _by_place(wrong, known, strangers, appearances)
    if known or strangers is None:
        return _Fallen()
    names = len({claim.name for claim in wrong})
    return _Fallen(names if strangers else 0, 0, strangers, min(len(wrong), strangers))


def _by_place(
    wrong: list[Claim], known: frozenset[str], strangers: int | None, appearances: list[Appearance]
) -> _Fallen:
    by_name: dict[str | None, list[str]] = {}
    for claim in wrong:
        subject = subject_of(claim.sightings, appearances)
        if subject is not None:
            by_name.setdefault(claim.name, []).append(subject)
    # A name that fell on several people counts once, on a stranger if there is one among them.
    on_strangers = sum(any(subject not in known for subject in subjects) for subjects in by_name.values())
    seen = {one.subject for one in appearances} - known
    return _Fallen(
        on_strangers=on_strangers,
        on_known=len(by_name) - on_strangers,
        strangers=len(seen) if strangers is None else max(strangers, len(seen)),
        strangers_named=len({subject for subjects in by_name.values() for subject in subjects} - known),
    )
