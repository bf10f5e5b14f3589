"""Whether the service is there, and whether it can do its work."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from stash_sense.api.readiness import checks
from stash_sense.api.state import ServicesHere

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The service is there."""

    status: Literal["live"] = "live"


class Check(BaseModel):
    """One thing that identifying needs."""

    name: str
    ok: bool
    reason: str
    remedy: str


class Ready(BaseModel):
    """Whether people can be identified, and what is missing."""

    ready: bool
    checks: list[Check]


@router.get("/live", openapi_extra={"security": []})
async def health_live() -> Live:
    """Tell that the process is there; needs no token."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "Something is missing; `checks` says what."}})
def health_ready(services: ServicesHere, response: Response) -> Ready:
    """Tell whether everything is in place, without opening a model; 503 where something is missing."""
    found = [Check(name=one.name, ok=one.ok, reason=one.reason, remedy=one.remedy) for one in checks(services)]
    ready = all(check.ok for check in found)
    response.status_code = 200 if ready else 503
    return Ready(ready=ready, checks=found)
