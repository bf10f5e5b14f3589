"""Known answers of a pack's models: taken at install or known to the catalogue, compared whenever a pack is verified.

Embedders answer to wave patterns, the detector to the drawn face: both are made by integer arithmetic, so a different
answer means another model, other preprocessing or broken arithmetic, and never another picture decoder. All values of
a vector are compared: a model that was converted elsewhere has no hash that is known beforehand, only its answers.
Measured with the lite pack, detector and embedder: red and blue swapped 0.013 and 0.059, the means swapped 0.003
and 0.004, all means 127.5 0.004 and 0.002, no mirrored average 0.015; a scale off by 2 % stays below the tolerance of
0.001, as it does no harm.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from stash_sense.errors import PackSelfTestFailed
from stash_sense.kernel.arrays import Image
from stash_sense.models.card import KnownAnswer
from stash_sense.models.pattern import FACE_SIDE, drawn_face, wave_pattern
from stash_sense.recognition.ports import Detector, Embedder

DETECTOR = "detector"
"""The name under which the detector's answer stands in the card."""
PATTERN_VARIANTS = (0, 1, 2)
"""The wave patterns shown to an embedder. Of dlib128's 8128 pairs of values 54 differ by less than the tolerance in
the first pattern, 5 in the first two, none in all three: no two can be exchanged unseen."""


def known_answers(pack: str, detector: Detector, embedders: Sequence[Embedder]) -> dict[str, KnownAnswer]:
    """Take the answers of models, to be known from now on.

    Raises:
        PackSelfTestFailed: an answer is not what any model could answer.
    """
    answers = {DETECTOR: KnownAnswer(pattern_sha256=_sha256(drawn_face()), first=_detector_answer(pack, detector))}
    for embedder in embedders:
        answers[embedder.id] = embedder_answer(pack, embedder)
    return answers


def embedder_answer(pack: str, embedder: Embedder) -> KnownAnswer:
    """Take the answer of one embedder: its vectors of all wave patterns, one after the other.

    Raises:
        PackSelfTestFailed: it is not what any embedder could answer.
    """
    patterns = np.stack([wave_pattern(embedder.alignment.size, variant) for variant in PATTERN_VARIANTS])
    vectors = embedder.embed(patterns).vectors
    wanted = (len(patterns), embedder.dim)
    if vectors.shape != wanted:
        raise PackSelfTestFailed(pack=pack, reason=f"{embedder.id} answers {vectors.shape} instead of {wanted}")
    if not (np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < 1e-3).all():
        raise PackSelfTestFailed(pack=pack, reason=f"{embedder.id} does not answer vectors of unit length")
    values = _rounded(pack, vectors.ravel().tolist(), embedder.id)
    return KnownAnswer(pattern_sha256=_sha256(patterns), first=values)


def check_answers(pack: str, known: Mapping[str, KnownAnswer], found: Mapping[str, KnownAnswer]) -> None:
    """Compare what the models answer now with what they must answer.

    Raises:
        PackSelfTestFailed: an answer is missing, or differs by more than its tolerance.
    """
    for name, answer in found.items():
        reason = _difference(name, known.get(name), answer)
        if reason:
            raise PackSelfTestFailed(pack=pack, reason=reason)


def _difference(name: str, wanted: KnownAnswer | None, answer: KnownAnswer) -> str:
    """Say in what an answer differs from the known one; nothing when it does not."""
    if wanted is None:
        return f"its card knows no answer of {name}"
    if wanted.pattern_sha256 != answer.pattern_sha256:
        return f"its answer of {name} was taken from another test picture"
    if len(wanted.first) != len(answer.first):
        return f"{name} answers {len(answer.first)} values instead of {len(wanted.first)}"
    difference = float(np.abs(np.subtract(wanted.first, answer.first)).max())
    if difference <= wanted.tolerance:
        return ""
    return f"{name} is off by {difference:.4f}, allowed is {wanted.tolerance:g}"


def _detector_answer(pack: str, detector: Detector) -> tuple[float, ...]:
    """Return whether there is a face, and the best one's score, box and landmarks as shares of the picture's side."""
    faces = detector.detect([drawn_face()])[0]
    if not len(faces):
        return (0.0,)
    places = np.concatenate([faces.boxes[0].ravel(), faces.landmarks[0].ravel()]) / FACE_SIDE
    return _rounded(pack, [1.0, float(faces.scores[0]), *map(float, places)], DETECTOR)


def _rounded(pack: str, values: Sequence[float], name: str) -> tuple[float, ...]:
    if not np.isfinite(values).all():
        raise PackSelfTestFailed(pack=pack, reason=f"{name} answers values that are no numbers")
    return tuple(round(value, 6) for value in values)


def _sha256(pixels: Image) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()
