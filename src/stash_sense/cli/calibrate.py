"""What `stash-sense models calibrate` says: what a calibration was fitted on, and how good it is."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense.cli.present import print_shaped
from stash_sense.models.overlay import MeasuredFigure, OverlayCard
from stash_sense.reports.wording import NOT_KNOWN, visible

_FIGURES = {
    "precision": "precision",
    "recall": "recall",
    "strangers_named": "strangers named",
    "calibration_error": "calibration error",
    "unknown_count_error": "unknown people miscounted",
}


def in_words(document: Mapping[str, Any] | None) -> str:
    """Tell of a calibration in a sentence or two; nothing where there is none."""
    if document is None:
        return ""
    if document["state"] != "used":
        return f"{document['state']}: {document['reason']}"
    return f"used, made on {document['created_at'][:10]} and fitted on {document['fitted_on']}"


def advice(pack: str, document: Mapping[str, Any] | None) -> str:
    """Say what to type about the calibration of a pack; nothing where all is well."""
    if document is None or document["state"] == "used":
        return ""
    reset = f"`stash-sense models calibrate {pack} --reset`"
    if document["state"] == "damaged":
        return f"The calibration of the pack {pack} is damaged ({document['reason']}); type {reset}."
    return f"The calibration of the pack {pack} is not used: {document['reason']}; make it anew, or type {reset}."


def print_fit(card: OverlayCard) -> None:
    """Print what a calibration was fitted on, and its figures at both levels."""
    console, fit = Console(), card.fit
    console.print(Text(f"Fitted on {visible(card.curve.fitted_on)}."), soft_wrap=True)
    console.print()
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    levels = (f"from {card.matching.named_from:g}", f"--strict, from {card.matching.strict_from:g}")
    for heading in (f"on {fit.held_scenes} scenes of the other half", *levels):
        table.add_column(heading, overflow="fold")
    for name, words in _FIGURES.items():
        figures = (getattr(fit.default, name), getattr(fit.strict, name))
        table.add_row(words, *map(_in_words, figures))
    print_shaped(table)
    console.print()
    losses = ", ".join(f"{form} {loss:.4f}" for form, loss in fit.log_loss.items())
    console.print(Text(f"The other half preferred the {fit.curve} curve (log-loss: {losses})."), soft_wrap=True)


def _in_words(figure: MeasuredFigure) -> str:
    if figure.value is None:
        return NOT_KNOWN
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
