"""Which features work here."""

import dataclasses

from fastapi import APIRouter
from pydantic import BaseModel

from stash_sense.api.state import StateHere

router = APIRouter(tags=["system"])


class CapabilityAnswer(BaseModel):
    """Whether one feature works; where it does not, why, and what to type."""

    name: str
    available: bool
    note: str
    reason: str
    remedy: str


class CapabilitiesAnswer(BaseModel):
    """Every feature, those that are still to come included."""

    capabilities: list[CapabilityAnswer]


@router.get("/capabilities")
def capabilities(state: StateHere) -> CapabilitiesAnswer:
    """Tell which features work here; models are opened for that, so it can take some seconds."""
    found = [CapabilityAnswer(**dataclasses.asdict(one)) for one in state.capabilities.get()]
    return CapabilitiesAnswer(capabilities=found)
