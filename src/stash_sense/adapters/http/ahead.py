"""How much of a file on a server is asked for at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """The defaults were measured, see docs/benchmarks.md.

    Attributes:
        block: bytes that parts are rounded to.
        least: of a part, where it is not known that more is needed.
        most: of a part; reading on where the last one ended doubles it up to here.
        kept: bytes in memory.
    """

    block: int = 16 * 1024
    least: int = 32 * 1024
    most: int = 2 * 1024 * 1024
    kept: int = 48 * 1024 * 1024
