"""Which packs a benchmark measures: those named, else all that are installed."""

from collections.abc import Sequence

from stash_sense.bootstrap import Services
from stash_sense.models.store import PackState

PACK_HELP = "an installed pack, can be repeated; by default all that are installed"


def chosen_packs(services: Services, wanted: Sequence[str] | None) -> list[str]:
    """Return ids of packs.

    Raises:
        PackUnknown, PackNotInstalled: a wanted one cannot be used; or none is installed.
    """
    if wanted:
        return [services.packs.default_pack(name) for name in wanted]
    installed = [status.pack_id for status in services.packs.packs() if status.state is PackState.INSTALLED]
    return installed or [services.packs.default_pack(None)]
