"""The matching modes by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_sense.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash_sense.recognition.matching.judge import Judge
    from stash_sense.recognition.matching.person import Matcher

MODES = ("template", "clustered_frequency")
DEFAULT_MODE = "template"


def matcher_for(mode: str, judge: Judge) -> Matcher:
    """Return the matcher of a mode.

    Args:
        mode: its name.
        judge: weighs groups against the gallery.

    Raises:
        SettingInvalid: there is no such mode.
    """
    # Imported here: the settings know the names of the modes, and whoever reads settings needs no numpy.
    from stash_sense.recognition.matching.clustered_frequency import ClusteredFrequencyMatcher
    from stash_sense.recognition.matching.template import TemplateMatcher

    matchers: dict[str, Callable[[Judge], Matcher]] = {
        "template": TemplateMatcher,
        "clustered_frequency": ClusteredFrequencyMatcher,
    }
    if mode not in matchers:
        raise SettingInvalid(name="mode", value=mode, reason=f"there are {' and '.join(MODES)}")
    return matchers[mode](judge)
