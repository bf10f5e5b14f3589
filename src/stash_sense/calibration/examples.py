"""Scenes whose truth is known -> examples of right and wrong names, and of groups that are one person and two."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stash_sense.calibration.fitting import Numbers
from stash_sense.calibration.photographs import Portrait
from stash_sense.evaluation.truth import Appearance, TrueFile
from stash_sense.evaluation.whereabouts import subject_of
from stash_sense.identification.result import Sighting
from stash_sense.kernel.arrays import Bools, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.stages import StageClock
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoOpener
from stash_sense.performers.search.face_search import FaceSearch
from stash_sense.recognition.evidence import FEATURES, GalleryEvidence, ProbeFaces
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.matching.counting import PAIR_FEATURES, Piece, Pieces
from stash_sense.recognition.matching.grouping import Group, group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants

_FADE = 0.4
"""Seconds from the ends of an appearance in which the truth is not relied on."""

HIDDEN_WEIGHT = 0.35
"""What a known group counts when it is asked once more with its person taken out of the gallery."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenScene:
    """A scene after one of the passes over it.

    Attributes:
        truth: of the scene.
        faces: found so far, without their crops.
        subjects: who each of the faces seen is; None where the truth does not say it.
        last: whether this was the last pass.
        frames: looked at so far.
    """

    truth: TrueFile
    faces: Faces
    subjects: tuple[str | None, ...]
    last: bool
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """(n, k) features, (n,) whether each was right, (n,) weights."""

    values: Numbers
    right: Numbers
    weight: Numbers

    @classmethod
    def of(cls, rows: Sequence[tuple[Numbers, bool, float]], width: int) -> "Examples":
        """Put examples together."""
        values = np.array([values for values, _, _ in rows], np.float64).reshape(-1, width)
        return cls(values, np.array([right for _, right, _ in rows], float), np.array([w for _, _, w in rows], float))

    @property
    def fewest(self) -> int:
        """How many there are of those that there are less of, right or wrong ones."""
        right = int(self.right.sum())
        return min(right, len(self.right) - right)

    def only(self, chosen: Bools) -> "Examples":
        """Return those that are marked, (n,)."""
        return Examples(self.values[chosen], self.right[chosen], self.weight[chosen])


def see_scenes(
    files: Sequence[TrueFile], folder: Path, finder: FaceFinder, videos: VideoOpener, cancel: CancelToken
) -> Iterator[SeenScene]:
    """Find the faces of scenes, once for each pass: the curve must hold after the first as after the last.

    Raises:
        InputError: a scene cannot be read.
        Cancelled: the token was set.
    """
    plan = SamplingPlan()
    for file in files:
        with videos.open(folder / file.path) as video:
            count = len(plan.passes(video.info.duration))
            sweep = finder.sweep(StageClock(), cancel)
            for number, frames in enumerate(video.passes(plan, cancel), start=1):
                sweep.look_at(frames)
                found = sweep.found()
                faces = replace(found.faces, crops=found.faces.crops[:0])  # 27 kB a face, and nobody looks at them
                yield SeenScene(
                    file, faces, _subjects(faces.seen, file.appearances), number == count, found.frame_count
                )


class PeopleOnTrial:
    """A gallery that scenes are asked against.

    Args:
        portraits: of the people in it; their clear vectors are the references.
        space: of the vectors.
        crowd_size: people that it is padded up to.
    """

    def __init__(self, portraits: Sequence[Portrait], space: FaceSpace, crowd_size: int) -> None:
        ordered = sorted(portraits, key=lambda portrait: portrait.person)
        self.names = tuple(dict.fromkeys(portrait.person for portrait in ordered))
        number = {name: place for place, name in enumerate(self.names)}
        vectors = np.stack([portrait.vectors[0] for portrait in ordered])
        owner: Ints = np.array([number[portrait.person] for portrait in ordered], np.int64)
        self.evidence = GalleryEvidence.of(vectors, owner, space, crowd_size)
        self._search = FaceSearch.of(vectors, owner)

    def judge(self, decision: Decision, *, strict: bool = False) -> Judge:
        """Decide on these people."""
        return Judge(self._search, decision, self.evidence, strict)

    def examples(self, scene: SeenScene, groups: Sequence[Group]) -> Iterator[tuple[Numbers, bool, float]]:
        """Ask who each group is; known people once more with themselves out of the gallery."""
        for one in groups:
            subject, probe = subject_of_group(one, scene)[0], _probe(one, scene)
            persons, evidence = self.evidence.weigh(probe, 1)
            name = self.names[persons[0]]
            if subject is None and name in scene.truth.persons:
                continue  # nobody can tell whether that is right
            yield evidence[0].astype(np.float64), name == subject, 1.0
            if name == subject:
                _, without = self.evidence.weigh(probe, 1, hidden=int(persons[0]))
                yield without[0].astype(np.float64), False, HIDDEN_WEIGHT


def naming_examples(
    scenes: Sequence[SeenScene], trials: Mapping[float, Sequence[PeopleOnTrial]], constants: MatchingConstants
) -> Examples:
    """Ask every scene against galleries; those of a kind share the weight of the kind.

    Args:
        scenes: with their truth.
        trials: galleries of each kind, by the kind's weight; scene after scene takes the next of them.
        constants: at which faces are grouped.
    """
    rows: list[tuple[Numbers, bool, float]] = []
    for turn, scene in enumerate(scenes):
        groups = groups_of(scene, constants)
        for weight, galleries in trials.items():
            asked = galleries[turn % len(galleries)].examples(scene, groups)
            rows += [(values, right, weight * own) for values, right, own in asked]
    return Examples.of(rows, len(FEATURES))


def pair_examples(
    scenes: Sequence[SeenScene], trial: PeopleOnTrial, space: FaceSpace, constants: MatchingConstants
) -> Examples:
    """Compare each two groups of a scene of whom the truth says who they are."""
    rows: list[tuple[Numbers, bool, float]] = []
    for scene in scenes:
        groups = [
            (one, subject) for one in groups_of(scene, constants) if (subject := subject_of_group(one, scene)[0])
        ]
        nearest = [int(trial.evidence.weigh(_probe(one, scene), 1)[0][0]) for one, _ in groups]
        pieces = [Piece(one, None, person) for (one, _), person in zip(groups, nearest, strict=True)]
        compared = Pieces(scene.faces, pieces, space)
        for place, (one, subject) in enumerate(groups):
            others, common = compared.common(place)
            for other, values in zip(others.tolist(), common, strict=True):
                if other < place:
                    shorter = min(len(one.described), len(groups[other][0].described))
                    rows.append((values, subject == groups[other][1], float(np.sqrt(shorter))))
    return Examples.of(rows, len(PAIR_FEATURES))


def _probe(one: Group, scene: SeenScene) -> ProbeFaces:
    rows = one.described
    return ProbeFaces(scene.faces.vectors[rows], scene.faces.quality[rows], scene.faces.track[rows])


def groups_of(scene: SeenScene, constants: MatchingConstants) -> list[Group]:
    """Group a scene's faces as the program does."""
    return group(scene.faces, 1.0 - constants.cluster_distance, 1.0 - constants.track_distance)


def subject_of_group(one: Group, scene: SeenScene) -> tuple[str | None, float]:
    """Say who most faces of a group are, and their share, 0 to 1, of those of whom the truth says it."""
    names = [name for row in one.seen.tolist() if (name := scene.subjects[row]) is not None]
    if not names:
        return None, 0.0
    most = max(sorted(set(names)), key=names.count)
    return most, names.count(most) / len(names)


def _subjects(seen: Sightings, appearances: Sequence[Appearance]) -> tuple[str | None, ...]:
    """Say who each face is; nobody near the ends of an appearance, where two shots may fade into each other."""
    boxes = np.column_stack([seen.boxes[:, :2], seen.boxes[:, 2:] - seen.boxes[:, :2]]).tolist()
    return tuple(
        subject_of([Sighting(t, (left, top, width, height))], [one for one in appearances if _is_whole(one, t)])
        for t, (left, top, width, height) in zip(seen.t.tolist(), boxes, strict=True)
    )


def _is_whole(one: Appearance, t: float) -> bool:
    return one.start + _FADE <= t <= one.end - _FADE
