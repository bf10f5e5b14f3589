"""What Stash's hooks tell: a type such as "Scene.Update.Post", an id, and what was asked of Stash.

Hooks are hints. Stash calls none for some of what it does (see `news.ScanFinished` and `news.JobEnded`), none where
no plugin asks for them; what changed is found out by reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stash_sense.connection.announced import name_of
from stash_sense.connection.news import EntityChanged, How
from stash_sense.connection.own_writes import Expected, OwnWrites
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS

_KINDS = {
    "Scene": SCENES.name,
    "Image": IMAGES.name,
    "Gallery": GALLERIES.name,
    "Performer": PERFORMERS.name,
    "Studio": STUDIOS.name,
    "Tag": TAGS.name,
}
"""What is marked; Stash has hooks for markers, chapters and groups, too, which nobody here looks at."""
_HOWS = {"Create": How.CREATED, "Update": How.UPDATED, "Destroy": How.DESTROYED, "Merge": How.MERGED}


class Heard(StrEnum):
    """What was made of a hook."""

    MARKED = "marked"
    OWN = "own"
    """We changed that ourselves."""
    PASSED_OVER = "passed_over"
    """It is about something that nobody looks at."""


@dataclass(frozen=True)
class Hooks:
    """Hears hooks.

    Attributes:
        own: knows our own writes.
        changed: is told of the others.
    """

    own: OwnWrites
    changed: Callable[[EntityChanged], None]

    def hear(self, hook: str, id: str, given: Mapping[str, Any]) -> Heard:  # noqa: A002  what Stash calls it
        """Say what a hook tells of; returns at once.

        Args:
            hook: its type, "Scene.Update.Post".
            id: of what changed; empty where the hook tells none.
            given: what Stash was asked to do.
        """
        kind, _, rest = hook.partition(".")
        how = _HOWS.get(rest.partition(".")[0])
        if kind not in _KINDS or how is None or not id:
            return Heard.PASSED_OVER
        subject = name_of(given.get("name")) if how is How.CREATED else id
        if self.own.recognise(Expected(_KINDS[kind], how, subject)):
            return Heard.OWN
        self.changed(EntityChanged(_KINDS[kind], id, how))
        return Heard.MARKED
