"""Scenes of the held half and a decision -> how good its names are, by the figures that `evaluation` measures."""

from collections import Counter
from collections.abc import Iterator, Sequence

from stash_sense.calibration.examples import PeopleOnTrial, SeenScene
from stash_sense.evaluation.answers import Answer, Claim, spelled
from stash_sense.evaluation.comparison import compare
from stash_sense.evaluation.measures import Figures, measure
from stash_sense.identification.result import Sighting
from stash_sense.recognition.faces import Sightings
from stash_sense.recognition.matching.person import MatchedPerson
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.recognition.spec import Decision


def judged(scenes: Sequence[SeenScene], trial: PeopleOnTrial, decision: Decision, *, strict: bool) -> Figures:
    """Name the people of scenes, and compare the names with the truth.

    Args:
        scenes: each after its last pass.
        trial: the gallery that is asked.
        decision: that is judged.
        strict: name nobody below the stricter level.
    """
    matcher = TemplateMatcher(trial.judge(decision, strict=strict))
    references = Counter(map(spelled, trial.names))
    compared = []
    for scene in scenes:
        people = matcher.match(scene.faces, scene.frames).people
        claims = tuple(_claim(person, trial.names, scene.faces.seen) for person in people)
        compared.append(compare(Answer(claims, scene.frames, len(scene.faces.seen)), scene.truth, references))
    return measure(compared)


def _claim(person: MatchedPerson, names: Sequence[str], seen: Sightings) -> Claim:
    best = person.name or next(iter(person.alternatives), None)
    sightings = tuple(sightings_of(seen, person.faces.seen.tolist()))
    if best is None:
        return Claim(None, 0.0, False, sightings)
    return Claim(spelled(names[best.person]), best.probability, person.name is not None, sightings)


def sightings_of(seen: Sightings, rows: Sequence[int]) -> Iterator[Sighting]:
    """Say where some faces are seen, in the user's terms."""
    for row in rows:
        left, top, right, bottom = seen.boxes[row].tolist()
        yield Sighting(float(seen.t[row]), (left, top, right - left, bottom - top))
