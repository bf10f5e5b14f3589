"""Examples and scenes -> the stricter level at which no stranger is named, and how strangers are counted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stash_sense.calibration.curves import Form, curve_of, said_by
from stash_sense.calibration.examples import Examples, PeopleOnTrial, SeenScene
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.naming import Proposal
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.recognition.spec import WHOLE_PLAN, Decision, MatchingConstants

_FOLDS = 4
_STRICTEST, _LEAST_STRICT = 0.98, 0.6
_JOIN = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
_FRAMES = (2, 3, 4, 5, 6)
_MANY_FRAMES = WHOLE_PLAN
"""Of the last pass over a scene; counts of frames are meant for as many."""


def strict_level(examples: Examples, form: Form) -> float:
    """Return the probability that no wrong name reached when the curve had not seen its example.

    Args:
        examples: of one half of the people, in the order of the scenes.
        form: of the curve, on whose scale the level is.
    """
    fold = np.arange(len(examples.right)) * _FOLDS // len(examples.right)
    wrong = []
    for number in range(_FOLDS):
        curve = curve_of(examples.only(fold != number), form, "")
        wrong.append(said_by(curve, examples.only((fold == number) & (examples.right == 0.0))))
    highest = float(np.concatenate(wrong).max(initial=0.0))
    return round(min(max(highest + 0.01, _LEAST_STRICT), _STRICTEST), 2)


def choose_counting(scenes: Sequence[SeenScene], trial: PeopleOnTrial, decision: Decision) -> MatchingConstants:
    """Choose from what probability groups are joined, and how long somebody unknown must be seen, to count best."""
    counted = [scene for scene in scenes if scene.truth.strangers is not None]
    proposals = [TemplateMatcher(trial.judge(decision)).proposals(scene.faces) for scene in counted]
    best, chosen = np.inf, decision.constants
    for join_from in _JOIN:
        for frames in _FRAMES:
            tried = replace(decision.constants, join_from=join_from, min_unknown_frames=frames)
            judge = trial.judge(replace(decision, constants=tried))
            errors = [
                abs(_unknown(judge, scene, proposed) - (scene.truth.strangers or 0))
                for scene, proposed in zip(counted, proposals, strict=True)
            ]
            if errors and np.mean(errors) < best - 1e-9:
                best, chosen = float(np.mean(errors)), tried
    return chosen


def _unknown(judge: Judge, scene: SeenScene, proposals: Sequence[Proposal]) -> int:
    """How many unknown people are reported."""
    people = judge.decide(scene.faces, proposals, _MANY_FRAMES).people
    return sum(person.name is None for person in people)
