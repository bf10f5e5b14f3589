"""What the server is that keeps a library: its state, its abilities, its settings, its jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

REQUESTS_PER_MINUTE = 240
"""To a stash-box endpoint whose limit is not set: what Stash itself keeps to."""


class ServerStatus(StrEnum):
    """What a Stash needs before it can be used."""

    SETUP = "SETUP"
    NEEDS_MIGRATION = "NEEDS_MIGRATION"
    OK = "OK"


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a Stash says of itself.

    Attributes:
        address: under which it was asked.
        version: "v0.30.1", or something longer where it was built from source; empty where it does not know.
        schema: number of its database's schema, which grows with every version; 75 is 0.30.
        status: see `ServerStatus`.
        system: the operating system, such as "linux" or "windows".
    """

    address: str
    version: str
    schema: int
    status: ServerStatus
    system: str


@dataclass(frozen=True, slots=True)
class Features:
    """Fields of a Stash that not every version has, each written `Type.field`."""

    fields: frozenset[str]

    def has(self, field: str) -> bool:
        """Whether this Stash has a field."""
        return field in self.fields


@dataclass(frozen=True, slots=True)
class StashBoxEndpoint:
    """A stash-box that the user has set up in Stash.

    Attributes:
        name: as the user calls it.
        endpoint: its address, under which ids are kept.
        api_key: a secret.
        requests_per_minute: how often it may be asked.
    """

    name: str
    endpoint: str
    api_key: str = field(repr=False)
    requests_per_minute: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings of a Stash that matter to us.

    Attributes:
        stash_boxes: in the user's order.
        folders: of the library, as Stash sees them.
        hashes_with_md5: whether generated files are named after MD5 instead of oshash.
        plugin: the settings of our plugin, where it was asked for and has any.
    """

    stash_boxes: tuple[StashBoxEndpoint, ...]
    folders: tuple[str, ...]
    hashes_with_md5: bool
    plugin: Mapping[str, Any]


class JobState(StrEnum):
    """Where a job of Stash is."""

    READY = "READY"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"

    @property
    def has_ended(self) -> bool:
        """Whether it will not do anything any more."""
        return self in (JobState.FINISHED, JobState.CANCELLED, JobState.FAILED)


@dataclass(frozen=True, slots=True)
class ServerJob:
    """A job of Stash: `progress` from 0 to 1, None where it is not known; `error` empty where there is none."""

    id: str
    state: JobState
    description: str
    progress: float | None
    steps: tuple[str, ...]
    error: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter that the user has saved in Stash.

    Attributes:
        id: in Stash.
        name: as the user calls it.
        mode: what it filters: SCENES, PERFORMERS, STUDIOS, GALLERIES, TAGS, IMAGES, …
        words: what is searched for; empty where nothing is.
        sort: the field that it sorts by; empty where none is told.
        descending: whether from the end.
        criteria: as Stash's own page writes them.
    """

    id: str
    name: str
    mode: str
    words: str
    sort: str
    descending: bool
    criteria: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """How to ask for a picture or a stream of a library: with these headers, whose values are secrets."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was sent: its bytes and its type, such as "image/jpeg"."""

    content: bytes = field(repr=False)
    content_type: str
