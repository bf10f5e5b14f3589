"""An album -> questions whose answers are known, asked of the program's own judge."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from benchmarks.accuracy.album import Album
from benchmarks.accuracy.measures import Numbers

from stash_sense.kernel.arrays import Bools, Ints
from stash_sense.performers.exact_search import ExactSearch
from stash_sense.performers.gallery import Gallery, KnownPerson
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.spec import Decision

ONE, DEGRADED, OTHERS, COPIES, ALL = (
    "one photograph",
    "one, degraded",
    "other photographs pooled",
    "photograph and copies pooled",
    "all photographs and copies pooled",
)
KINDS = (ONE, DEGRADED, OTHERS, COPIES, ALL)
SECOND = "second photograph"
"""The first of the photographs that are not in the gallery; the kind that the short test asks."""


class Role(IntEnum):
    """Who is asked for: a person of the gallery, a stranger, or a person whom the gallery is made to lack."""

    KNOWN = 0
    STRANGER = 1
    HIDDEN = 2


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Questions of one kind and what was answered, row by row.

    Attributes:
        values: (n, k) what the answer gives: evidence, or a probability.
        right: whether the person answered is the one asked for.
        role: who is asked for.
        weight: the rows of one subject sum to 1.
    """

    values: Numbers
    right: Bools
    role: Ints
    weight: Numbers

    @classmethod
    def joined(cls, parts: Sequence["Asked"]) -> "Asked":
        """Put the rows of several together."""
        columns = ("values", "right", "role", "weight")
        return cls(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    rows: Ints
    weight: float


Answerer = Callable[[Judge, Faces, Ints], tuple[Sequence[float], int]]
"""Judges the group of faces in these rows: values, and the number of the person they speak of."""


def nearest_evidence(judge: Judge, faces: Faces, rows: Ints) -> tuple[Sequence[float], int]:
    """Answer with the evidence for the most similar person: what the curve is fitted on."""
    template = judge.decision.space.renormalised((faces.quality[rows] @ faces.vectors[rows])[None])[0]
    person = judge.search.search(template[None], 1).persons[0]
    return judge.evidence.weigh(template, len(rows), person, np.zeros(1, np.float32))[0].tolist(), int(person[0])


def best_probability(judge: Judge, faces: Faces, rows: Ints) -> tuple[Sequence[float], int]:
    """Answer with the probability of the person whom the program would name."""
    best = judge.candidates(faces, rows, frozenset())[0]
    return [best.probability], best.person


def draws(album: Album, count: int, seed: int) -> list[Ints]:
    """Choose one photograph of every person for the gallery, several times."""
    random = np.random.default_rng(seed)
    albums = [album.photographs_of(person) for person in range(len(album.people))]
    return [np.array([random.choice(photographs) for photographs in albums]) for _ in range(count)]


def first_photographs(album: Album) -> Ints:
    """Choose everybody's first photograph for the gallery."""
    return np.array([album.photographs_of(person)[0] for person in range(len(album.people))])


@dataclass(frozen=True, slots=True)
class Hiding:
    """Which people are asked for again with a gallery that lacks them: one of `every`, another one each `turn`.

    A gallery without one of its people must be prepared anew, which takes longer than asking; those who are hidden
    stand for the others by their weight.
    """

    every: int = 1
    turn: int = 0

    def hides(self, place: int) -> bool:
        """Say whether the person at this place of the gallery is hidden."""
        return place % self.every == self.turn % self.every


EVERYBODY = Hiding()


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """Asks about the people and strangers of one half of an album, or of both."""

    album: Album
    faces: Faces
    decision: Decision
    half: int | None

    def ask(
        self, kept: Ints, gallery: Ints, kinds: Sequence[str], answer: Answerer, hiding: Hiding = EVERYBODY
    ) -> dict[str, Asked]:
        """Ask for everybody of the half: known people, strangers, and known people with their person hidden.

        Args:
            kept: (people,) the photograph of each person that a gallery has.
            gallery: numbers of the people in the gallery.
            kinds: what to ask.
            answer: how the judge's answer is read.
            hiding: who is hidden.
        """
        judge = self._judge(kept[gallery])
        inside = set(self.album.people_in(self.half).tolist())
        asked: dict[str, list[tuple[Sequence[float], bool, int, float]]] = {kind: [] for kind in kinds}
        for place, person in enumerate(gallery.tolist()):
            if person not in inside:
                continue
            others = self.album.photographs_of(person)
            others = others[others != kept[person]]
            hidden = len(gallery) > 1 and hiding.hides(place)
            lacking = self._judge(np.delete(kept[gallery], place)) if hidden else None
            for kind in kinds:
                for question in self._questions(kind, others):
                    values, named = answer(judge, self.faces, question.rows)
                    asked[kind].append((values, named == place, Role.KNOWN, question.weight))
                    if lacking is not None:
                        values, _ = answer(lacking, self.faces, question.rows)
                        asked[kind].append((values, False, Role.HIDDEN, question.weight * hiding.every))
        for stranger in np.flatnonzero(self.album.strangers & self.album.is_in(self.half)):
            for kind in kinds:
                for question in self._questions(kind, np.array([stranger])):
                    values, _ = answer(judge, self.faces, question.rows)
                    asked[kind].append((values, False, Role.STRANGER, question.weight))
        return {kind: _columns(rows) for kind, rows in asked.items() if rows}

    def _judge(self, references: Ints) -> Judge:
        vectors = self.faces.vectors[references]
        persons = tuple(KnownPerson(str(place), str(place)) for place in range(len(references)))
        owner = np.arange(len(references))
        return Judge.over(vectors, owner, ExactSearch(Gallery("", persons, vectors, owner)), self.decision)

    def _questions(self, kind: str, photographs: Ints) -> Iterator[_Question]:
        levels, count = self.album.quality.shape
        copies = np.arange(levels) * count
        groups: list[Ints] = []
        if kind == SECOND:
            groups = [photographs[:1]]
        elif kind == ONE:
            groups = [photographs[place : place + 1] for place in range(len(photographs))]
        elif kind == DEGRADED:
            groups = [photographs[place : place + 1] + count for place in range(len(photographs))]
        elif kind == COPIES:
            groups = [photograph + copies for photograph in photographs]
        elif kind == ALL:
            groups = [(copies[:, None] + photographs).ravel()]
        elif kind == OTHERS and len(photographs) > 1:
            groups = [photographs]
        for rows in groups:
            yield _Question(rows, 1.0 / len(groups))


def _columns(rows: Sequence[tuple[Sequence[float], bool, int, float]]) -> Asked:
    values, right, role, weight = zip(*rows, strict=True)
    return Asked(np.array(values, np.float64), np.array(right), np.array(role, np.int64), np.array(weight))
