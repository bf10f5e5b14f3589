"""The performers database."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from stash_sense.api.state import ServicesHere

router = APIRouter(prefix="/database", tags=["database"])


class DatabaseAnswer(BaseModel):
    """The version of the performers database in use, as `stash-sense db info --json` tells it."""

    schema_: int = Field(alias="schema")
    version: str
    pack: str
    embedders: list[str]
    performer_count: int
    face_count: int
    sources: list[str]
    created_at: datetime
    imported_from: str | None
    signed: bool
    signed_by: str | None
    built_here: bool
    installed_from: str | None
    installed_at: datetime | None
    bytes: int
    content: str
    folder: str
    previous: str | None


@router.get("/info")
def database_info(services: ServicesHere) -> DatabaseAnswer:
    """Tell which version is in use, what is in it, and where it comes from; 503 where there is none."""
    from stash_sense.reports.installed import version_document

    document = version_document(services.performers.require(), services.performers)
    return DatabaseAnswer.model_validate(document)
