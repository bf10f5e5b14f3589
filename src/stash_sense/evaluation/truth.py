"""Who really is in which file: the truth that answers are measured by, as a JSON document.

{"schema": 1, "files": [{"path": "holiday.mp4", "persons": ["Ada Lovelace"], "strangers": 1}]}
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import TruthUnusable
from stash_sense.files import storage_errors, write_atomically

Seconds = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Appearance(_Part):
    """One person in one shot.

    Attributes:
        subject: who it is; of a stranger, any name that tells strangers apart.
        start, end: seconds.
        height: of the face, pixels, in the middle of the appearance.
        track: (t, left, top, width, height) of the face, seconds and pixels, at a few moments.
    """

    subject: str
    start: Seconds
    end: Seconds
    height: float = Field(gt=0)
    track: tuple[tuple[float, float, float, float, float], ...] = ()


class TrueFile(_Part):
    """What is true of one video or picture.

    Attributes:
        path: relative to the truth's own folder, or absolute.
        persons: people in it by the names of the gallery, whether or not the gallery has them.
        strangers: how many more people are in it; None where nobody counted.
        labels: what the file is like, to group figures by (`{"size": "small"}`).
        appearances: when and where everybody is seen, where that is known.
    """

    path: str
    persons: tuple[str, ...] = ()
    strangers: int | None = Field(default=None, ge=0)
    labels: Mapping[str, str] = {}
    appearances: tuple[Appearance, ...] = ()


class Truth(_Part):
    """The truth about some files."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    files: tuple[TrueFile, ...]


def read_truth(path: Path) -> Truth:
    """Read a truth document.

    Raises:
        TruthUnusable: it is missing, no JSON, or not of this form.
    """
    try:
        return Truth.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TruthUnusable(path=path, reason=error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise TruthUnusable(path=path, reason=f"{where}: {first['msg']}") from error


def write_truth(path: Path, truth: Truth) -> None:
    """Write a truth document.

    Raises:
        StorageError: it cannot be written.
    """
    document: dict[str, Any] = truth.model_dump(mode="json", by_alias=True)
    with storage_errors(path):
        write_atomically(path, json.dumps(document).encode() + b"\n")
