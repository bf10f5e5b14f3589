"""What was asked for, and for the rest the settings -> a request: commands and the service look at files alike."""

from collections.abc import Collection
from typing import Any

from stash_sense.configuration.configuration import Configuration
from stash_sense.identification.recognizer import Request
from stash_sense.media.plan import SamplingPlan


def request_of(
    configuration: Configuration,
    *,
    frames: int | None = None,
    mode: str | None = None,
    strict: bool | None = None,
    top_k: int | None = None,
    tagged: Collection[str] = (),
) -> Request:
    """Make a request; what is None is as the settings say.

    Raises:
        SettingInvalid: there may not be so many frames.
        StateError, StorageError: what the user set cannot be read.
    """

    def asked(value: object, key: str) -> Any:
        return configuration.get(key) if value is None else value

    return Request(
        SamplingPlan(num_frames=asked(frames, "num_frames")),
        asked(mode, "matching_mode"),
        asked(strict, "strict"),
        asked(top_k, "top_k"),
        frozenset(tagged),
    )
