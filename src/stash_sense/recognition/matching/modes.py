"""The matching modes by name."""

from collections.abc import Callable

from stash_sense.errors import SettingInvalid
from stash_sense.recognition.matching.clustered_frequency import ClusteredFrequencyMatcher
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.person import Matcher
from stash_sense.recognition.matching.template import TemplateMatcher

MODES: dict[str, Callable[[Judge], Matcher]] = {
    "template": TemplateMatcher,
    "clustered_frequency": ClusteredFrequencyMatcher,
}
DEFAULT_MODE = "template"


def matcher_for(mode: str, judge: Judge) -> Matcher:
    """Return the matcher of a mode.

    Args:
        mode: its name.
        judge: weighs groups against the gallery.

    Raises:
        SettingInvalid: there is no such mode.
    """
    if mode not in MODES:
        raise SettingInvalid(name="mode", value=mode, reason=f"there are {' and '.join(MODES)}")
    return MODES[mode](judge)
