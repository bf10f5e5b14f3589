"""What resolvers are told about a request: who asks, where, and of what."""

from dataclasses import dataclass

from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.state import State


@dataclass(frozen=True)
class User:
    """Who a key belongs to."""

    name: str = "root"
    roles: tuple[str, ...] = ("ADMIN",)

    @property
    def may_read(self) -> bool:
        """Whether anything is answered."""
        return bool({"READ", "ADMIN"} & set(self.roles))


@dataclass(frozen=True)
class Asking:
    """What resolvers are told about a request."""

    user: User | None
    address: str
    """Of the server as the client wrote it, "http://127.0.0.1:9998"."""
    state: State
    profile: Profile
