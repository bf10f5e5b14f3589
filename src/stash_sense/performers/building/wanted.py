"""What a database is to be built of, as a user says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import StashBoxUnknown
from stash_sense.kernel.addresses import shown
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.performers.ids import domain_at, domain_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """One source or several.

    Attributes:
        folder: of folders named after people; None for none.
        stash: whether the user's Stash.
        boxes: stash-box endpoints, each by its address, its domain, or its name in Stash.
        mine: of these only the people whom the user's Stash has.
        images: of Stash also images that show one performer only, not only the performers' own pictures.
        most: pictures of one performer from each server; None for what each has as its default.
    """

    folder: Path | None = None
    stash: bool = False
    boxes: tuple[str, ...] = ()
    mine: bool = False
    images: bool = True
    most: int | None = None

    @property
    def problem(self) -> tuple[str, str] | None:
        """What makes no sense about it: the field, and why; None where it does."""
        if self.folder is None and not self.stash and not self.boxes:
            return "folder", "nothing is named to build of: give a folder, the Stash, or a stash-box"
        if self.mine and not self.boxes:
            return "mine", "it is about people of a stash-box, and none is named"
        if not self.images and not self.stash:
            return "images", "it is about the images of the Stash, which is not named"
        return None


def endpoint_of(text: str, endpoints: Iterable[StashBoxEndpoint]) -> StashBoxEndpoint:
    """Return the endpoint that a user means.

    Args:
        text: its address, its domain, the short name of that, or its name in Stash.
        endpoints: those that are set up.

    Raises:
        StashBoxUnknown: it is none of them.
    """
    wanted = text.strip()
    known = list(endpoints)
    readings = (
        lambda one: one.endpoint.rstrip("/") == wanted.rstrip("/"),
        lambda one: domain_at(one.endpoint) == domain_of(wanted.lower()),
        lambda one: one.name.casefold() == wanted.casefold(),
    )
    for means in readings:
        for one in known:
            if means(one):
                return one
    raise StashBoxUnknown(endpoint=shown(wanted))
