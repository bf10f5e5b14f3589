"""Figures with their intervals -> what tables show and what aims say of them."""

from collections.abc import Mapping
from typing import Any


def between(figure: Mapping[str, float | None]) -> str:
    """Show a figure of `evaluation.document.figures_document` with its 95 % interval."""
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None:
        return "nothing"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f}-{high:.3f})"


def at_least(what: str, value: float | None, aim: float) -> dict[str, Any]:
    """State an aim that a figure should reach; one that could not be measured misses it."""
    return _stated(what, f">= {aim:g}", value, value is not None and value >= aim)


def at_most(what: str, value: float | None, aim: float) -> dict[str, Any]:
    """State an aim that a figure should not exceed; one that could not be measured misses it."""
    return _stated(what, f"<= {aim:g}", value, value is not None and value <= aim)


def _stated(what: str, aim: str, value: float | None, met: bool) -> dict[str, Any]:
    return {"what": what, "aim": aim, "measured": "nothing" if value is None else round(value, 4), "met": met}
