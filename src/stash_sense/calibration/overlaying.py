"""What was found for a pack -> the overlay of its card that the models folder keeps."""

import hashlib
from dataclasses import asdict
from datetime import datetime

from stash_sense import __version__
from stash_sense.calibration.background import archive
from stash_sense.calibration.calibrate import Calibration
from stash_sense.evaluation.measures import Figures
from stash_sense.models.card import FileCard, PackCard
from stash_sense.models.overlay import FitCard, LevelFigures, MeasuredFigure, Overlay, OverlayCard, models_of

_DIGITS = 4


def overlay_of(calibration: Calibration, card: PackCard, now: datetime) -> Overlay:
    """Write down a calibration; equal calibrations give equal overlays but for the time.

    Args:
        calibration: of the pack.
        card: of the pack.
        now: when it was made.
    """
    decision = calibration.decision
    background = archive(decision.space)
    return Overlay(
        OverlayCard(
            pack=card.id,
            models=models_of(card),
            created_at=now,
            program=__version__,
            matching=decision.constants,
            curve=decision.curve,
            same_person=decision.same_person,
            background=FileCard(sha256=hashlib.sha256(background).hexdigest(), size=len(background)),
            fit=FitCard(
                people=calibration.people,
                strangers=calibration.strangers,
                scenes=calibration.scenes,
                held_people=calibration.held_people,
                held_scenes=calibration.held_scenes,
                curve=calibration.form,
                log_loss={form: round(loss, _DIGITS) for form, loss in calibration.log_loss.items()},
                default=_level(calibration.default),
                strict=_level(calibration.strict),
            ),
        ),
        background,
    )


def _level(figures: Figures) -> LevelFigures:
    return LevelFigures(**{name: _figure(figures, name) for name in LevelFigures.model_fields})


def _figure(figures: Figures, name: str) -> MeasuredFigure:
    ends = asdict(getattr(figures, name))
    return MeasuredFigure(**{end: None if value is None else round(value, _DIGITS) for end, value in ends.items()})
