"""Faces that are kept of a scene or image -> links that show them on a page."""

import time
from typing import Annotated

from fastapi import Depends

from stash_sense.api.links import LINK_SECONDS, signed_link
from stash_sense.api.security import CROPS
from stash_sense.api.state import StateHere

_SAME_FOR = 300
"""Seconds for which a link stays letter for letter the same, so that a browser does not fetch the picture anew."""


class CropLinks:
    """Makes links for one answer.

    Args:
        token: of the service; None while there is none, and then no link can be made.
        now: seconds since 1970.
    """

    def __init__(self, token: str | None, now: float | None = None) -> None:
        self._token = token
        now = time.time() if now is None else now
        self._from = now - now % _SAME_FOR

    def of(self, kind: str, id_: str, face: int | None) -> str | None:
        """Return an address below this service that opens without the token for some minutes, 10 at least.

        Args:
            kind: "scene" or "image".
            id_: in Stash.
            face: its number among the faces that are kept, as in a recommendation or a fingerprint; None for none.
        """
        if face is None or self._token is None:
            return None
        return signed_link(f"{CROPS}{kind}/{id_}/{face}", self._token, self._from, LINK_SECONDS + _SAME_FOR)


def _crop_links(state: StateHere) -> CropLinks:
    return CropLinks(state.keeper.current())


LinksHere = Annotated[CropLinks, Depends(_crop_links)]
