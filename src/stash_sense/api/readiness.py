"""What must be in place for people to be identified in the user's library, looked at without opening a model."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from stash_sense.bootstrap import Services
from stash_sense.errors import DatabaseMissing, PackDiffers, StashSenseError


@dataclass(frozen=True, slots=True)
class ReadyCheck:
    """One thing that identifying needs; reason and remedy are empty where it is in place."""

    name: str
    ok: bool
    reason: str = ""
    remedy: str = ""


def checks(services: Services) -> list[ReadyCheck]:
    """Look at everything that identifying needs; reads the disk."""
    looks = (*_LOOKS, _STASH) if services.stash_is_set else _LOOKS
    return [_checked(name, look, services) for name, look in looks]


def _checked(name: str, look: Callable[[Services], None], services: Services) -> ReadyCheck:
    try:
        look(services)
    except _Missing as missing:
        return ReadyCheck(name, False, missing.reason, missing.remedy)
    except StashSenseError as error:
        return ReadyCheck(name, False, error.cause, error.command)
    return ReadyCheck(name, True)


class _Missing(Exception):
    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def _pack(services: Services) -> None:
    current = services.performers.current()
    made_with = current.manifest.pack if current is not None else None
    pack = services.packs.default_pack(services.settings.pack or made_with)
    card, _ = services.packs.described(pack)
    folder = services.packs.folder(pack)
    for name, file in card.files.items():
        # Every byte is looked at when the pack is opened; this is asked every few seconds.
        path = folder / name
        if not path.is_file() or path.stat().st_size != file.size:
            raise _Missing(
                f"The file {name} of the pack {pack} is damaged", f"stash-sense models install {pack} --force"
            )


def _database(services: Services) -> None:
    current = services.performers.current()
    if current is None:
        raise DatabaseMissing
    if not current.manifest.performer_count:
        reason = f"The performers database {current.version} holds nobody"
        raise _Missing(reason, "stash-sense db build FOLDER")
    wanted = services.settings.pack
    if wanted not in (None, current.manifest.pack):
        raise PackDiffers(made_with=current.manifest.pack, pack=wanted)


def _state(services: Services) -> None:
    folder = services.settings.data_dir
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _Missing(f"The folder {folder} cannot be written", "set STASH_SENSE_DATA_DIR to another folder")
    if trouble := services.queue.status().trouble:
        raise _Missing(f"No jobs are run: {trouble.rstrip('.')}", "")


def _stash(services: Services) -> None:
    standing = services.stash_standing
    if not standing.is_usable:
        raise _Missing(standing.words.reason, standing.words.remedy)


_LOOKS = (("pack", _pack), ("database", _database), ("state", _state))
_STASH = ("stash", _stash)
"""Only where the user has named one: files are identified without."""
