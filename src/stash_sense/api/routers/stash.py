"""The connection to the user's Stash: how it stands, and what was heard from there."""

import dataclasses
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from stash_sense.api.state import ServicesHere
from stash_sense.bootstrap import Services
from stash_sense.connection.listening import Manner
from stash_sense.connection.news import EntityChanged, How, JobEnded, ScanFinished, Told
from stash_sense.connection.standing import Standing

router = APIRouter(prefix="/stash", tags=["stash"])

_WHAT = {EntityChanged: "changed", ScanFinished: "scan_finished", JobEnded: "job_ended"}
_OTHERWISE = "listening_began"


class NewsAnswer(BaseModel):
    """A piece of news from Stash.

    Attributes:
        what: changed, scan_finished, job_ended or listening_began.
        kind: of what changed: scene, image, gallery, performer, studio or tag.
        id: of that, or of the job.
        how: it changed.
        description: of the job.
        state: in which the job ended.
    """

    at: datetime
    what: str
    kind: str | None = None
    id: str | None = None
    how: How | None = None
    description: str | None = None
    state: str | None = None


class StashAnswer(BaseModel):
    """How the connection to Stash stands.

    Attributes:
        address: of Stash; empty where none is named.
        usable: it answered the last time, and as it should.
        version: that it says it has.
        since: when that began; missing before the first answer.
        code: of the error, for programs; empty where there is none.
        reason: why it cannot be used, without a full stop; empty where it can.
        remedy: what to do about it.
        listening: how we hear what happens there: by a subscription, by polling its queue, or not.
        changes: what its hooks told and nobody has looked at yet, counted by kind.
        news: what was heard last, the newest last.
    """

    address: str
    usable: bool
    version: str
    since: datetime | None = None
    code: str
    reason: str
    remedy: str
    listening: Manner
    changes: dict[str, int]
    news: list[NewsAnswer]


@router.get("", response_model_exclude_none=True)
def stash_connection(services: ServicesHere) -> StashAnswer:
    """Tell how the connection to Stash stands; nothing is asked there."""
    return _answer(services, services.stash_standing)


@router.post("/check", response_model_exclude_none=True)
def check_stash(services: ServicesHere) -> StashAnswer:
    """Ask Stash now whether it can be used; takes 15 s at most."""
    return _answer(services, services.check_stash())


def _answer(services: Services, standing: Standing) -> StashAnswer:
    server, error, words = standing.server, standing.error, standing.words
    return StashAnswer(
        address=standing.address,
        usable=standing.is_usable,
        version=server.version if server is not None else "",
        since=standing.since,
        code=error.code if error is not None else "",
        reason=words.reason,
        remedy=words.remedy,
        listening=services.stash_manner,
        changes=services.stash_changes.count(),
        news=[_news(told) for told in services.stash_news.latest()],
    )


def _news(told: Told) -> NewsAnswer:
    what = _WHAT.get(type(told.news), _OTHERWISE)
    return NewsAnswer(at=told.at, what=what, **dataclasses.asdict(told.news))
