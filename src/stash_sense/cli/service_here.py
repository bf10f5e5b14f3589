"""What doctor tells of the service on this data folder: its state, its token, and whether it runs."""

from dataclasses import dataclass
from typing import Any

from stash_sense.api.lock import running_service
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import Services
from stash_sense.errors import StashSenseError, StateDamaged, StateError, TokenUnusable


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a part.

    Attributes:
        state: one word for programs.
        text: the same for people.
        advice: a sentence that says what to do; empty where nothing has to be done.
    """

    state: str
    text: str
    advice: str = ""

    def document(self) -> dict[str, Any]:
        """Return what programs are told."""
        return {"state": self.state, "text": self.text}


def state_found(services: Services) -> Found:
    """Look whether the user's own state is whole; reads all of it, and makes none."""
    path = services.state_path
    if not path.is_file():
        return Found("missing", "not there yet; it is made when something is first kept in it")
    try:
        services.configuration.refresh()
        with services.store.read() as connection:
            faults = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(1)")]
        if faults != ["ok"]:
            raise StateDamaged(path=path, reason=faults[0], backups=path.parent / "backups")
    except StateDamaged as error:
        return Found("damaged", f"{path}, DAMAGED: {error.fields['reason']}", str(error))
    except StateError as error:
        return Found("unusable", f"{path}, cannot be used", str(error))
    except StashSenseError as error:  # the disk says no, which may pass
        return Found("unknown", f"{path}, cannot be looked at", str(error))
    return Found("whole", f"{path}, whole")


def token_found(services: Services) -> Found:
    """Look whether there is a token; never tells it."""
    token = TokenFile.below(services.settings.data_dir)
    try:
        token.read()
    except FileNotFoundError:
        return Found("missing", "not there yet; the first `stash-sense serve` makes it")
    except TokenUnusable as error:
        return Found("unusable", f"{token.path}, cannot be used", str(error))
    return Found("there", str(token.path))


def service_found(services: Services) -> Found:
    """Look whether a service runs on the data folder."""
    record = running_service(services.settings.data_dir)
    if record is None:
        return Found("stopped", "not running; `stash-sense serve` starts it")
    return Found("running", f"running at {record.url}, process {record.pid}")
