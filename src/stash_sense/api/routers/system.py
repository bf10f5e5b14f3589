"""The machine, the program, and what is in memory."""

import dataclasses
import platform
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from stash_sense import __version__
from stash_sense.api.state import StateHere
from stash_sense.configuration.tiers import Tier

router = APIRouter(prefix="/system", tags=["system"])


class ProviderAnswer(BaseModel):
    """One thing that models may run on, and whether they really do."""

    name: str
    works: bool
    reason: str


class HardwareAnswer(BaseModel):
    """What the service may use of the machine."""

    cpu: str
    cpus: int
    cpu_features: list[str]
    memory_bytes: int | None
    providers: list[ProviderAnswer]


class ResourceAnswer(BaseModel):
    """Something heavy that is loaded on demand."""

    name: str
    state: str
    registered: bool
    users: int
    loaded_for: float | None
    idle_for: float | None
    bytes: int | None
    last_error: str


class SystemAnswer(BaseModel):
    """The machine, the program, and what is in memory."""

    version: str
    python: str
    system: str
    device: str
    threads: int
    tier: Tier
    hardware: HardwareAnswer
    resources: list[ResourceAnswer]


@router.get("/info")
def system_info(state: StateHere) -> SystemAnswer:
    """Tell about the machine and the program; the first time a tiny model is run to see on what models run."""
    from stash_sense.reports.installed import hardware_document

    services = state.services
    told: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": services.settings.device,
        "threads": services.threads,
        "tier": services.configuration.tier,
        "hardware": hardware_document(services.hardware),
        "resources": [dataclasses.asdict(status) for status in services.resources.status()],
    }
    return SystemAnswer.model_validate(told)
