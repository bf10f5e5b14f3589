"""What the tests of downloads share: a file large enough to break off in, and limits small enough to wait for."""

import hashlib
from dataclasses import replace
from pathlib import Path

from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.releases.patience import DownloadLimits

NAME = "performers-2026.11.22.zip"
CONTENT = hashlib.shake_128(b"one").digest(300_000)
OTHER = hashlib.shake_128(b"another").digest(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = DownloadLimits(
    connect_seconds=60,
    silence_seconds=60,
    slow_bytes=2_000,
    slow_seconds=60,
    deadline_seconds=600,
    small_deadline_seconds=600,
    attempts=3,
    first_wait_seconds=0.01,
    longest_wait_seconds=0.02,
    retry_after_seconds=1,
    largest_bytes=1_000_000,
)
"""Asks again at once, and gives a server as long to answer as a busy machine may take."""
SOON_LOST = replace(QUICK, silence_seconds=0.5)
"""For servers that fall silent."""
SOON_TOO_SLOW = replace(QUICK, slow_seconds=0.6)
"""For servers that drip."""


def place(server: ReleaseServer, name: str = NAME) -> str:
    return f"{server.url}/{name}"


def ranges(server: ReleaseServer) -> list[str | None]:
    """What parts of the file were asked for."""
    return [request.range for request in server.requests if request.path == NAME]


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()
