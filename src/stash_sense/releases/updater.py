"""Self-update: a source's newest release, fetched, checked and put into use while the old one answers."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
from packaging.version import Version

from stash_sense.errors import (
    BuiltHere,
    DatabaseError,
    OtherOfSameName,
    ReleaseContradictory,
    ReleaseError,
    ReleaseUnsigned,
    SignatureError,
    SourceEmpty,
    SourceError,
    StashSenseError,
    TransferError,
    UpdateRunning,
)
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.versions.installed import is_unharmed
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.releases.checking import CachedCheck
from stash_sense.releases.found import Announced, FoundRelease, PublicOffer, newest
from stash_sense.releases.gain import is_gain
from stash_sense.releases.installing import Installed, Prove, ReleaseInstaller
from stash_sense.releases.kept_downloads import KeptDownloads
from stash_sense.releases.keys import Ed25519, PublicKey
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.status import StatusBoard, UpdateState, UpdateStatus
from stash_sense.releases.vouching import Vouched, vouched

_RENAME = "give yours an older name with `stash-sense db build FOLDER --name 1.0`, then update again"
_ONE_OF_THEM = "only one of them can be here: ask its publisher for a release of another name"
_PUBLIC_SIZE = 20 * 1000**3
"""Bytes that a public release may have at the most; nothing signed tells its size."""


class _Vanished(Exception):
    """What was fetched went while the update waited for its turn: somebody was forgotten."""


class _Overtaken(Exception):
    """A version that is not older was put into use while the update waited for its turn."""


@dataclass(frozen=True, slots=True)
class UpdateCheck:
    """What a source has for this library.

    Attributes:
        current: version in use; None where there is none.
        release: the newest there; None where the source has none.
        newer: whether it would be a gain: it is newer than the one in use, or the same one where that is damaged, or
            where people were left out of it who may come back.
        signed_by: id of the trusted key that signed it, hex; only looked for in one that would be a gain.
        refusal: why it would not be installed; looked for in such a one, and, where the source was asked just now, in
            one that has the name of the version in use.
        notes: on what was passed over.
    """

    current: str | None
    release: FoundRelease | None
    newer: bool
    signed_by: str | None = None
    refusal: StashSenseError | None = None
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Present it as JSON; `signed` is null where nobody has looked."""
        refusal = self.refusal
        return {
            "current": self.current,
            "newest": None if self.release is None else str(self.release.version),
            "newer": self.newer,
            "signed": self.signed_by is not None if self.newer else None,
            "refusal": None if refusal is None else {"code": refusal.code, "message": str(refusal)},
            "notes": list(self.notes),
        }


class Updater:
    """Updates one library; one update at a time.

    Args:
        library: of the installed versions.
        check: asks servers, at most once in ten minutes.
        trusted: returns the keys of the publishers whom the user trusts.
        ed25519: checks signatures.
        prove: see `installing.Prove`.
        reload: called after the switch; returns when new requests are answered from the new version. Where it
            raises, the new version is in use all the same, for whoever can open it.
    """

    def __init__(
        self,
        library: PerformersLibrary,
        check: CachedCheck,
        trusted: Callable[[], Sequence[PublicKey]],
        ed25519: Ed25519,
        prove: Prove,
        reload: Callable[[], object] = lambda: None,
    ) -> None:
        self._library = library
        self._check = check
        self._trusted = trusted
        self._ed25519 = ed25519
        self._reload = reload
        self._board = StatusBoard()
        self._installer = ReleaseInstaller(library, prove, self._board)
        self._kept = KeptDownloads(library.downloads)

    def status(self) -> UpdateStatus:
        """Return how far the update at work is, or how the last one ended."""
        return self._board.read()

    def check(
        self,
        source: ReleaseSource,
        cancel: CancelToken,
        *,
        prereleases: bool = False,
        allow_unsigned: bool = False,
    ) -> UpdateCheck:
        """Look what a source has; the list of a server may be ten minutes old.

        Args:
            source: to ask.
            cancel: looked at while waiting.
            prereleases: let those count that are meant for trying out.
            allow_unsigned: that nobody signed it is no reason to refuse it.

        Raises:
            SourceError, TransferError: the source cannot be asked, or not understood.
            Cancelled: the token was set.
        """
        remembered = self._check.remembers(source)
        listing = self._check.releases(source, cancel)
        release = newest(listing.releases, prereleases=prereleases)
        newer = release is not None and is_gain(self._library, release.version, self._library.is_whole)
        signed_by: str | None = None
        refusal: StashSenseError | None = None
        if release is not None and newer:
            try:
                signed_by = self._vouched(source, release, cancel, allow_unsigned).signed_by
            except (SignatureError, ReleaseError, ReleaseUnsigned) as error:
                refusal = error
        elif (
            release is not None
            and not remembered
            and (same := self._of_the_same_name(source, release, cancel)) is not None
        ):
            refusal = _refusal_of(source, *same)
        return UpdateCheck(self._library.name_in_use(), release, newer, signed_by, refusal, listing.notes)

    def update(
        self,
        source: ReleaseSource,
        cancel: CancelToken,
        progress: ProgressListener = silent,
        *,
        prereleases: bool = False,
        allow_unsigned: bool = False,
        replace: bool = True,
    ) -> Installed | None:
        """Install a source's newest release, if it is newer than the version in use, or mends or completes it.

        Where it is the very one in use, and signed by now, that is noted.

        Args:
            source: of releases.
            cancel: stops it at any time before the switch.
            progress: told how far each part is.
            prereleases: let those count that are meant for trying out.
            allow_unsigned: take a release that nobody signed.
            replace: let it take the place of a version that was built here.

        Returns:
            What was installed; None where the version in use is the newest.

        Raises:
            SourceError, TransferError: it could not be fetched; what was fetched is kept to go on with.
            SignatureError, ReleaseError, ArchiveError, PublicReleaseError, ReleaseUnsigned: it is refused.
            BuiltHere: it would take the place of a version that was built here.
            OtherOfSameName: it has the name of the version in use, and other content.
            DatabaseError, StorageError, UpdateRunning: it cannot be installed.
            Cancelled: the token was set. In all these cases the version in use stays; what `reload` raises comes
                after the switch.
        """
        with self._one_at_a_time():
            try:
                self._board.begin(self._library.name_in_use())
                listing = self._check.releases(source, cancel, fresh=True)
                release = newest(listing.releases, prereleases=prereleases)
                if release is None:
                    why = f" ({listing.notes[0]})" if listing.notes else ""
                    raise SourceEmpty(source=source.name, why=why)
                if not self._is_wanted(release, cancel, progress):
                    if (same := self._of_the_same_name(source, release, cancel)) is not None:
                        if (refusal := _refusal_of(source, *same)) is not None:
                            raise refusal
                        self._take_signature(*same, cancel, progress)
                    raise _Overtaken
                if not replace:
                    self._spare_what_was_built(source, release)
                installed = None
                while installed is None:
                    with contextlib.suppress(_Vanished):
                        installed = self._install(source, release, cancel, progress, allow_unsigned)
                self._board.enter(UpdateState.RELOADING, current=installed.version.version)
                self._reload()
            except _Overtaken:
                self._kept.forget()
                self._board.rest(self._library.name_in_use())
                return None
            except BaseException as error:
                self._board.fail(error)
                raise
            self._board.done(installed.version.version)
            return installed

    def _install(
        self,
        source: ReleaseSource,
        release: FoundRelease,
        cancel: CancelToken,
        progress: ProgressListener,
        allow_unsigned: bool,
    ) -> Installed:
        found = self._vouched(source, release, cancel, allow_unsigned)
        if isinstance(release.offer, PublicOffer):
            return self._install_public(source, release, release.offer, cancel, progress)
        described = found.manifest
        entry = described.archive
        self._board.enter(UpdateState.DOWNLOADING, target=described.version)
        origin = new_origin(source.name, signed_by=found.signed_by)
        file = Announced(entry.name, entry.size, entry.sha256)
        with self._kept.fetched(source, release, file, self._board.listening(progress), cancel) as archive:
            wanted = self._require_wanted(release, archive, cancel, progress)
            return self._installer.install_archive(archive, described.manifest, origin, cancel, progress, wanted)

    def _install_public(
        self,
        source: ReleaseSource,
        release: FoundRelease,
        offer: PublicOffer,
        cancel: CancelToken,
        progress: ProgressListener,
    ) -> Installed:
        self._board.enter(UpdateState.DOWNLOADING, target=str(release.version))
        if offer.size is not None and offer.size > _PUBLIC_SIZE:
            raise ReleaseContradictory(
                name=offer.archive, reason=f"it has {offer.size:,} bytes, more than any release"
            )
        origin, version = new_origin(source.name), str(release.version)
        announced = Announced(offer.archive, offer.size)
        with self._kept.fetched(source, release, announced, self._board.listening(progress), cancel) as archive:
            wanted = self._require_wanted(release, archive, cancel, progress)
            return self._installer.install_public(archive, origin, cancel, progress, version, wanted)

    def _is_wanted(self, release: FoundRelease, cancel: CancelToken, progress: ProgressListener) -> bool:
        """Whether a release would be a gain, judged by every byte that is here."""
        library = self._library
        return is_gain(library, release.version, lambda name: is_unharmed(library.installed(name), cancel, progress))

    def _require_wanted(
        self, release: FoundRelease, archive: Path, cancel: CancelToken, progress: ProgressListener
    ) -> Callable[[], None]:
        """Make what is asked once nobody else can change the library any more, which may have taken long."""

        def require_wanted() -> None:
            if not self._is_wanted(release, cancel, progress):
                raise _Overtaken
            if not archive.exists():
                raise _Vanished

        return require_wanted

    def _vouched(
        self, source: ReleaseSource, release: FoundRelease, cancel: CancelToken, allow_unsigned: bool
    ) -> Vouched:
        trusted = self._trusted()
        return vouched(source, release, trusted, self._ed25519, cancel, allow_unsigned=allow_unsigned)

    def _in_use(self) -> InstalledVersion | None:
        """Return the version in use; None where there is none that can be used."""
        with contextlib.suppress(DatabaseError):
            return self._library.current()
        return None

    def _spare_what_was_built(self, source: ReleaseSource, release: FoundRelease) -> None:
        current = self._in_use()
        if current is not None and current.origin is not None and current.origin.built_here:
            raise BuiltHere(
                version=current.version,
                performers=current.manifest.performer_count,
                offered=release.version,
                source=source.name,
            )

    def _of_the_same_name(
        self, source: ReleaseSource, release: FoundRelease, cancel: CancelToken
    ) -> tuple[InstalledVersion, Vouched] | None:
        """Return the version in use and what a release of its name says; None where somebody vouched for it already.

        Nor is there anything to compare where the release cannot be asked: the next update does that again.
        """
        current = self._in_use()
        origin = None if current is None else current.origin
        if current is None or origin is None or origin.signed_by or origin.reduced_from:
            return None
        if Version(current.version) != release.version or isinstance(release.offer, PublicOffer):
            return None
        try:
            return current, self._vouched(source, release, cancel, allow_unsigned=True)
        except (SignatureError, ReleaseError, ReleaseUnsigned, SourceError, TransferError):
            return None

    def _take_signature(
        self, current: InstalledVersion, found: Vouched, cancel: CancelToken, progress: ProgressListener
    ) -> None:
        """Note who vouches for the version in use, where nobody did when it came, and it is the very release."""
        is_ours = current.origin is not None and current.origin.built_here
        if found.signed_by and found.manifest.manifest == current.manifest and not is_ours:
            with self._library.alone(cancel, progress):
                self._library.vouch(current, found.signed_by)

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        folder = self._library.folder
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder / ".update.lock")
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout as error:
                raise UpdateRunning(source=folder) from error
        try:
            yield
        finally:
            lock.release()


def _refusal_of(source: ReleaseSource, current: InstalledVersion, found: Vouched) -> OtherOfSameName | None:
    """Return what is wrong where a release has the name of the version in use, and other content."""
    described = found.manifest.manifest
    if described.version != current.version or described.content == current.manifest.content:
        return None
    built_here = current.origin is not None and current.origin.built_here
    remedy = _RENAME if built_here else _ONE_OF_THEM
    return OtherOfSameName(version=current.version, source=source.name, remedy=remedy)
