"""What resolvers are told about a request: who asks, and where."""

from dataclasses import dataclass


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
