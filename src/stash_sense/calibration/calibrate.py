"""A pack and labelled face photographs -> its statistics, distances and curves, and what they are worth.

People are split into two halves by their names. All that is kept is learnt from one half: photographs give the space,
generated scenes the curves. The other half only chooses the form of the curve and says how good it is.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from stash_sense.calibration.background import learn_space
from stash_sense.calibration.curves import Form, choose_curve
from stash_sense.calibration.distances import choose_cluster_distance, measure_distances
from stash_sense.calibration.examples import (
    PeopleOnTrial,
    SeenScene,
    naming_examples,
    pair_examples,
    see_scenes,
)
from stash_sense.calibration.fitting import fit_logistic
from stash_sense.calibration.judging import judged
from stash_sense.calibration.photographs import Photographer, Portrait
from stash_sense.calibration.strangers import choose_counting, strict_level
from stash_sense.errors import ScenesTooFew, TooFewPeople
from stash_sense.evaluation.measures import Figures
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import PictureReader, VideoOpener
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.matching.counting import PAIR_FEATURES
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants
from stash_sense.scenes.making import make_scenes
from stash_sense.scenes.people import Person, cast_of, split_photos
from stash_sense.scenes.script import SceneOptions

FITTED, HELD = 0, 1
"""The half that is learnt from, and the half that judges."""
FEWEST_PEOPLE = 20
"""People with two photographs or more that each half must have."""

_FEWEST_EXAMPLES = 10
"""Right and wrong ones that a curve is fitted on: with fewer it says nothing."""
_PAIR_STRENGTH = 1.0
"""Weak penalty of the curve for groups of one person."""
_REFERENCES = 3
"""Photographs of a person in the galleries asked."""
_SMALL_GALLERIES = 6
"""Galleries of half the people, in which the others are strangers."""


@dataclass(frozen=True, slots=True)
class Material:
    """How much to fit on.

    Attributes:
        scenes: generated for the half that is learnt from; half as many for the other one.
        seed: of the scenes.
        folder: keeps the scenes, so that another pack or run can use them; without it they are thrown away.
        options: what the scenes are like.
    """

    scenes: int = 120
    seed: int = 1
    folder: Path | None = None
    options: SceneOptions = field(default_factory=SceneOptions)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What was found.

    Attributes:
        decision: space, constants and curves.
        people, strangers: of the half that was learnt from.
        scenes: that the curves were fitted on.
        held_people, held_scenes: of the half that judged.
        form: of the curve, as the held half preferred it.
        log_loss: of the held half, by form of the curve.
        default, strict: how good names are at both levels, on the held half.
    """

    decision: Decision
    people: int
    strangers: int
    scenes: int
    held_people: int
    held_scenes: int
    form: Form
    log_loss: dict[Form, float]
    default: Figures
    strict: Figures


class Calibrator:
    """Calibrates one pack.

    Args:
        finder: of the pack; its own statistics are not used.
        constants: of the pack; those that can be measured are replaced.
        pictures: reads photographs.
        videos: opens scenes.
    """

    def __init__(
        self, finder: FaceFinder, constants: MatchingConstants, pictures: PictureReader, videos: VideoOpener
    ) -> None:
        self._finder = finder
        self._constants = constants
        self._pictures = pictures
        self._videos = videos

    def calibrate(
        self,
        people: Sequence[Person],
        sources: Sequence[Path],
        material: Material,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Calibration:
        """Fit all there is to fit.

        Args:
            people: with their photographs; see `scenes.people.read_people`.
            sources: the folders they come from, for what is said of them.
            material: how much to fit on.
            cancel: stops between photographs, scenes and frames.
            progress: told what is done.

        Raises:
            TooFewPeople: a half has too few with two usable photographs.
            ScenesTooFew: the scenes show too little to fit on.
            StorageError: the scenes cannot be written.
            Cancelled: the token was set.
        """
        for half in (FITTED, HELD):
            _require_people(len(cast_of(people, half).people), sources)
        portraits = {half: self._portraits(people, half, cancel, progress) for half in (FITTED, HELD)}
        for parts in portraits.values():
            _require_people(len({one.person for one in parts.known}), sources)
        with tempfile.TemporaryDirectory(prefix="stash-sense-scenes-") as scratch:
            folder = material.folder or Path(scratch)
            counts = {FITTED: material.scenes, HELD: -(-material.scenes // 2)}
            scenes = {
                half: self._scenes(people, half, replace(material, scenes=count, folder=folder), cancel, progress)
                for half, count in counts.items()
            }
        progress(Progress("fitting", 0, 1))
        calibration = self._fit(people, portraits, scenes, _fitted_on(people, sources, material.scenes))
        progress(Progress("fitting", 1, 1))
        return calibration

    def _portraits(
        self, people: Sequence[Person], half: int, cancel: CancelToken, progress: ProgressListener
    ) -> "_Portraits":
        """Describe the photographs for galleries, and of the half that is learnt from the acting strangers, too."""
        cast = cast_of(people, half)
        references = [Person(one.name, split_photos(one.photos)[0][:_REFERENCES]) for one in cast.people]
        photographer = Photographer(self._finder.detector, self._finder.describer, self._pictures)
        return _Portraits(
            known=tuple(photographer.portraits(references, cancel, progress)),
            distractors=tuple(photographer.portraits(cast.distractors, cancel, progress)),
            strangers=tuple(photographer.portraits(cast.strangers, cancel, progress)) if half == FITTED else (),
        )

    def _scenes(
        self,
        people: Sequence[Person],
        half: int,
        material: Material,
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> list[SeenScene]:
        """Make the scenes of one half, and look at them."""
        folder = (material.folder or Path()) / f"half-{half}"
        truth = make_scenes(
            people,
            self._finder.detector,
            self._pictures,
            folder,
            count=material.scenes,
            seed=material.seed,
            half=half,
            options=material.options,
            progress=progress,
            cancel=cancel,
        )
        seen: list[SeenScene] = []
        for number, file in enumerate(truth.files):
            progress(Progress("looking at scenes", number, material.scenes))
            seen.extend(see_scenes([file], folder, self._finder, self._videos, cancel))
        progress(Progress("looking at scenes", material.scenes, material.scenes))
        return seen

    def _fit(
        self,
        people: Sequence[Person],
        portraits: "dict[int, _Portraits]",
        scenes: dict[int, list[SeenScene]],
        fitted_on: str,
    ) -> Calibration:
        own = portraits[FITTED]
        space = learn_space(own.all, FaceSpace.plain(self._finder.space.blocks))
        constants = measure_distances(own.all, self._constants)
        constants = choose_cluster_distance([scene for scene in scenes[FITTED] if scene.last], constants)
        galleries = {half: _galleries(parts, space, constants) for half, parts in portraits.items()}
        asked = {half: naming_examples(scenes[half], galleries[half], constants) for half in (FITTED, HELD)}
        for half, examples in asked.items():
            if examples.fewest < _FEWEST_EXAMPLES:
                raise ScenesTooFew(scenes=_count(scenes[half]), count=examples.fewest, needed=_FEWEST_EXAMPLES)
        form, curve, log_loss = choose_curve(asked[FITTED], asked[HELD], fitted_on)
        trial = galleries[FITTED][_WHOLE][0]
        pairs = pair_examples(scenes[FITTED], trial, space, constants)
        same = None
        if pairs.fewest >= _FEWEST_EXAMPLES:  # groups of strong models are whole: there is nothing to join then
            same = fit_logistic(PAIR_FEATURES, pairs.values, pairs.right, pairs.weight, _PAIR_STRENGTH, fitted_on)
        constants = replace(constants, strict_from=strict_level(asked[FITTED], form))
        decision = Decision(space, constants, curve, same)
        constants = choose_counting([scene for scene in scenes[FITTED] if scene.last], trial, decision)
        decision = replace(decision, constants=constants)
        held = [scene for scene in scenes[HELD] if scene.last]
        cast = cast_of(people, FITTED)
        return Calibration(
            decision=decision,
            people=len(cast.people),
            strangers=len(cast.strangers) + len(cast.distractors),
            scenes=_count(scenes[FITTED]),
            held_people=len(cast_of(people, HELD).people),
            held_scenes=len(held),
            form=form,
            log_loss=log_loss,
            default=judged(held, galleries[HELD][_WHOLE][0], decision, strict=False),
            strict=judged(held, galleries[HELD][_WHOLE][0], decision, strict=True),
        )


_WHOLE, _PART = 1.0, 0.5
"""Weights of examples from the whole gallery, and from small ones."""


@dataclass(frozen=True, slots=True, eq=False)
class _Portraits:
    """Portraits of one half: of people who act and are known, of people in galleries only, of strangers who act."""

    known: tuple[Portrait, ...]
    distractors: tuple[Portrait, ...]
    strangers: tuple[Portrait, ...]

    @property
    def all(self) -> tuple[Portrait, ...]:
        return self.known + self.distractors + self.strangers


def _galleries(
    portraits: _Portraits, space: FaceSpace, constants: MatchingConstants
) -> dict[float, list[PeopleOnTrial]]:
    """Make the whole gallery, and galleries of half the people: in those the others are strangers."""
    names = np.array(sorted({portrait.person for portrait in portraits.known}))
    random = np.random.default_rng(3)
    small = [set(random.permutation(names)[: len(names) // 2].tolist()) for _ in range(_SMALL_GALLERIES)]
    return {
        _WHOLE: [PeopleOnTrial(portraits.known + portraits.distractors, space, constants.crowd_size)],
        _PART: [
            PeopleOnTrial([one for one in portraits.known if one.person in kept], space, constants.crowd_size)
            for kept in small
        ],
    }


def _require_people(count: int, sources: Sequence[Path]) -> None:
    """Make sure that there are enough people in a half.

    Raises:
        TooFewPeople: there are fewer.
    """
    if count < FEWEST_PEOPLE:
        raise TooFewPeople(path=_named(sources), count=count, needed=f"{FEWEST_PEOPLE} in each half of the names")


def _count(seen: Sequence[SeenScene]) -> int:
    """How many scenes these are, each of which was seen after every pass."""
    return sum(scene.last for scene in seen)


def _fitted_on(people: Sequence[Person], sources: Sequence[Path], scenes: int) -> str:
    cast = cast_of(people, FITTED)
    strangers = len(cast.strangers) + len(cast.distractors)
    return (
        f"{scenes} generated scenes of {len(cast.people)} people and {strangers} strangers of {_named(sources)}: one "
        "half of its names; the other half judged. The pack holds statistics of them, no face of anybody"
    )


def _named(sources: Sequence[Path]) -> str:
    """Name folders by their own names: where they lie is nobody's business."""
    return " and ".join(dict.fromkeys(source.resolve().name for source in sources))
