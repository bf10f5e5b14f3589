"""How the connection to Stash stands: what came of asking last, and since when."""

from dataclasses import dataclass, replace
from datetime import datetime

from stash_sense.connection.words import Words, words_of
from stash_sense.errors import StashSenseError
from stash_sense.library.server import ServerState


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of asking Stash whether it can be used.

    Attributes:
        address: of Stash, without what may be secret; empty where none is named.
        server: what it says of itself; None where it cannot be used, or was not asked yet.
        error: why it cannot be used; None where it can, or was not asked yet.
        since: when the first of the answers came that were all like this one; None before the first.
    """

    address: str
    server: ServerState | None = None
    error: StashSenseError | None = None
    since: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Whether Stash answered, and as it should."""
        return self.server is not None

    @property
    def words(self) -> Words:
        """What is wrong, and what to do about it; all empty where nothing is."""
        if self.error is not None:
            return words_of(self.error)
        if self.server is not None:
            return Words("", "", "")
        reason = f"Stash at {self.address} was not asked yet"
        return Words(f"{reason}.", reason, "")

    def followed_by(self, server: ServerState | None, error: StashSenseError | None, now: datetime) -> "Standing":
        """Return what it is after Stash was asked once more."""
        following = Standing(self.address, server, None if error is None else _bare(error), now)
        return replace(following, since=self.since) if self.is_like(following) else following

    def is_like(self, other: "Standing") -> bool:
        """Whether the user would be told the same."""
        return (self.server, self.words) == (other.server, other.words) and self.since is not None


def _bare(error: StashSenseError) -> StashSenseError:
    """Return an error without the calls that it came through: it is kept for as long as it holds."""
    return type(error)(**error.fields)
