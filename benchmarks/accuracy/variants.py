"""Kept faces of scenes, asked in many ways -> figures of each: modes, levels, sizes, references, distractors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.accuracy.galleries import REFERENCES, Distractors, limited
from benchmarks.accuracy.reels import Scene
from benchmarks.measure import cost_of

from stash_sense.evaluation.answers import Answer, answer_of, references_of
from stash_sense.evaluation.comparison import Compared, compare
from stash_sense.evaluation.document import figures_document
from stash_sense.evaluation.measures import by_label, by_references, measure
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.gallery import Gallery
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES

LEVELS = {"default": False, "strict": True}
"""Level -> whether a request is strict."""
_NAMES_ONLY = ("files", "counts", "precision", "recall", "f1")
"""What can be said of single people."""
_SAME_PROBABILITY = 1e-4


@dataclass(frozen=True, slots=True)
class Run:
    """The answer about one scene, and the processor seconds it took."""

    answer: Answer
    cpu: float


def identified(
    recognizer: Recognizer, scenes: Sequence[Scene], gallery: Gallery, request: Request, cancel: CancelToken
) -> list[Run]:
    """Identify scenes as the program does, from the files; the first one pays for what the gallery needs.

    Raises:
        ValueError: a scene could not be processed.
    """
    results = recognizer.identify([scene.path for scene in scenes], gallery, request, cancel)
    costs = [cost_of(lambda: next(results)) for _ in scenes]
    return [Run(answer_of(cost.result), cost.cpu) for cost in costs]


def same_answers(runs: Iterable[Run], kept: Iterable[Answer]) -> int:
    """Count the scenes of which kept faces give the answer that the files give."""
    return sum(_same(run.answer, answer) for run, answer in zip(runs, kept, strict=True))


def _same(one: Answer, other: Answer) -> bool:
    if (one.frames, one.faces, len(one.claims)) != (other.frames, other.faces, len(other.claims)):
        return False
    return all(
        (a.name, a.named, a.sightings) == (b.name, b.named, b.sightings)
        and abs(a.probability - b.probability) < _SAME_PROBABILITY
        for a, b in zip(one.claims, other.claims, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Asks kept scenes.

    Attributes:
        recognizer: sees kept faces (`reels.recognizer_of_reels`).
        scenes: of which faces were kept.
        gallery: of the people who act in them.
        cancel: stops between scenes.
    """

    recognizer: Recognizer
    scenes: Sequence[Scene]
    gallery: Gallery
    cancel: CancelToken

    def answers(self, gallery: Gallery, request: Request) -> list[Answer]:
        """Ask one gallery in one way."""
        paths = [scene.path for scene in self.scenes]
        results = self.recognizer.identify(paths, gallery, request, self.cancel)
        return [answer_of(result) for result in results]

    def compared(self, gallery: Gallery, request: Request) -> list[Compared]:
        """Ask, and put the answers beside the truth."""
        return compared_with_truth(self.answers(gallery, request), self.scenes, references_of(gallery))

    def by_mode(self) -> list[dict[str, Any]]:
        """Return figures of every mode at every level, and how many frames were looked at."""
        rows = []
        for mode in MODES:
            for level, strict in LEVELS.items():
                request = Request(mode=mode, strict=strict)
                answers = self.answers(self.gallery, request)
                found = compared_with_truth(answers, self.scenes, references_of(self.gallery))
                frames = float(np.mean([answer.frames for answer in answers]))
                rows.append({"mode": mode, "level": level, "frames": frames, **figures_document(measure(found))})
        return rows

    def by_size(self) -> list[dict[str, Any]]:
        """Return figures of the scenes with faces of each size, asked in the default way."""
        groups = by_label(self.compared(self.gallery, Request())).get("size", {})
        return [{"size": size, **figures_document(figures)} for size, figures in groups.items()]

    def by_seed(self) -> list[dict[str, Any]]:
        """Return figures of the scenes of each seed: how far they are apart is what chance makes of one set."""
        found = self.compared(self.gallery, Request())
        groups: dict[int, list[Compared]] = {}
        for scene, one in zip(self.scenes, found, strict=True):
            groups.setdefault(scene.seed, []).append(one)
        return [{"seed": seed, **figures_document(measure(part))} for seed, part in groups.items()]

    def by_references(self) -> list[dict[str, Any]]:
        """Return figures of the same people with 1, 2 and 3 references: of those who have as many."""
        names = [name for name, count in references_of(self.gallery).items() if count >= REFERENCES]
        rows = []
        for most in range(1, REFERENCES + 1):
            found = self.compared(limited(self.gallery, most), Request())
            figures = by_references(found, dict.fromkeys(names, most)).get(most)
            if figures is not None:
                document = figures_document(figures)
                only = {name: document[name] for name in _NAMES_ONLY}
                rows.append({"references": most, "people": len(names), **only})
        return rows

    def by_distractors(self, distractors: Distractors, counts: Sequence[int]) -> list[dict[str, Any]]:
        """Return figures with more and more people in the gallery, as far as there are any, asked by default."""
        rows = []
        for count in (count for count in counts if count <= distractors.most):
            gallery, kinds = distractors.beside(self.gallery, count)
            found = self.compared(gallery, Request())
            rows.append({**kinds, "mode": DEFAULT_MODE, "level": "default", **figures_document(measure(found))})
        return rows


def compared_with_truth(
    answers: Iterable[Answer], scenes: Iterable[Scene], references: Mapping[str, int]
) -> list[Compared]:
    """Put answers beside the truth about the scenes."""
    return [compare(answer, scene.truth, references) for answer, scene in zip(answers, scenes, strict=True)]
