"""`current.json`: which version of the performers database is in use, and which was before it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import DatabaseDamaged, DatabaseUnreadable
from stash_sense.files import flush_folder, write_atomically
from stash_sense.performers.manifest import VersionText

POINTER_NAME = "current.json"


class Pointer(BaseModel):
    """What the file says.

    Attributes:
        current: name of the version in use; None where there is none.
        previous: name of the version that was in use before it.
    """

    model_config = ConfigDict(frozen=True)

    schema_: Literal[1] = Field(default=1, alias="schema")
    current: VersionText | None = None
    previous: VersionText | None = None

    @classmethod
    def read(cls, folder: Path) -> "Pointer":
        """Read it; a file that is missing points to nothing.

        Raises:
            DatabaseUnreadable: it may not be read.
            DatabaseDamaged: it is no pointer.
        """
        path = folder / POINTER_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise DatabaseUnreadable(path=path, reason=error.strerror or "it cannot be read") from error
        except ValidationError as error:
            raise DatabaseDamaged(path=path, reason="it is no pointer") from error

    def write(self, folder: Path) -> None:
        """Replace the file in one step that survives a power cut.

        Raises:
            StorageError: the disk said no; the file is as it was.
        """
        write_atomically(folder / POINTER_NAME, (self.model_dump_json(by_alias=True) + "\n").encode())
        flush_folder(folder)
