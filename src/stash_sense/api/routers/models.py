"""The model packs."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from stash_sense.api.state import StateHere

router = APIRouter(prefix="/models", tags=["models"])


class PackAnswer(BaseModel):
    """One model pack, as `stash-sense models info --json` tells it."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str | None
    state: str
    reason: str
    what_to_type: str
    default: bool
    outdated: bool
    files: list[dict[str, Any]]


class ModelsAnswer(BaseModel):
    """All packs of the catalogue, then those that the user made."""

    packs: list[PackAnswer]


@router.get("/status")
def models_status(state: StateHere) -> ModelsAnswer:
    """Tell which packs are installed and whole, file by file."""
    return ModelsAnswer.model_validate({"packs": state.packs.get()})
