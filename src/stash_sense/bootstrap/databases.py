"""The performers databases: what opens, searches, builds, proves and renews them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from stash_sense.bootstrap.recognition import Recognition, face_finder_of
from stash_sense.errors import NotWritable, PackDiffers, PackNotInstalled, PackUnknown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.once import once
from stash_sense.kernel.progress import ProgressListener, silent

if TYPE_CHECKING:
    from stash_sense.identification.frame_places import FramePlaces
    from stash_sense.identification.library_items import LibraryIdentifier
    from stash_sense.identification.library_reading import ReadGallery, ReadImage, ReadScene
    from stash_sense.identification.library_result import IdentifiedGallery
    from stash_sense.identification.live_database import LiveDatabase
    from stash_sense.identification.recognizer import Recognizer, Request
    from stash_sense.library.server import StashBoxEndpoint
    from stash_sense.models.store import OpenPack
    from stash_sense.operations.gallery_identification import GalleryJobRequest
    from stash_sense.performers.building.build import DatabaseBuilder
    from stash_sense.performers.building.sources import PerformerSource
    from stash_sense.performers.building.stash_source import StashSource
    from stash_sense.performers.building.stashbox_source import StashBoxSource
    from stash_sense.performers.building.wanted import Wanted
    from stash_sense.performers.database import PerformersDatabase
    from stash_sense.performers.known import KnownPeople
    from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
    from stash_sense.releases.installing import ReleaseInstaller
    from stash_sense.releases.keyring import KeyRing
    from stash_sense.releases.ports import ReleaseSource
    from stash_sense.releases.updater import Updater
    from stash_sense.stashbox.ports import StashBox


@dataclass(frozen=True)
class Databases(Recognition):
    """What knows performers."""

    @once
    def performers(self) -> PerformersLibrary:
        """The installed versions of the performers database."""
        from stash_sense.performers.versions.library import PerformersLibrary

        return PerformersLibrary(self.settings.data_dir / "performers")

    @once
    def keys(self) -> KeyRing:
        """The publishers whom the user trusts, and the user's own key."""
        from stash_sense.releases.keyring import KeyRing

        return KeyRing(self.settings.data_dir / "keys", self.settings.trusted_keys)

    @once
    def live(self) -> LiveDatabase:
        """The version of the performers database in use."""
        from stash_sense.identification.live_database import LiveDatabase

        return LiveDatabase(self.performers, self.open_version, self.resources)

    @once
    def updater(self) -> Updater:
        """What updates the performers database."""
        from stash_sense.releases.checking import CachedCheck
        from stash_sense.releases.updater import Updater

        check = CachedCheck(self.performers.folder)
        return Updater(self.performers, check, self.keys.trusted, self.ed25519, self.prove, reload=self.live.follow)

    @once
    def release_installer(self) -> ReleaseInstaller:
        """What installs releases that are at hand."""
        from stash_sense.releases.installing import ReleaseInstaller

        return ReleaseInstaller(self.performers, self.prove)

    def release_source(self, text: str) -> ReleaseSource:
        """Find out which source of releases the user means.

        Raises:
            SourceUnknown: it is none.
        """
        from stash_sense.releases.sources import source_of

        return source_of(text, self.http, api=self.settings.github_api)

    def open_version(self, version: InstalledVersion, progress: ProgressListener = silent) -> PerformersDatabase:
        """Make a version of the performers database ready to search; raises as `PerformersDatabase.open` does."""
        from stash_sense.performers.database import PerformersDatabase

        pack = self.pack_space(version.manifest.pack)
        return PerformersDatabase.open(version, self.performers.derived, pack, self.kernel, self.cancel, progress)

    @contextmanager
    def opened_gallery(
        self, version: InstalledVersion, progress: ProgressListener = silent
    ) -> Iterator[PerformersDatabase]:
        """Lend a database that is not an installed one until the block ends; raises as `open_version` does.

        What searching it needs is kept for a while, or made anew each time where nothing may be written.
        """
        from stash_sense.performers.database import PerformersDatabase

        pack = self.pack_space(version.manifest.pack)
        with ExitStack() as stack:
            try:
                derived = self.performers.galleries
                opened = PerformersDatabase.open(version, derived, pack, self.kernel, self.cancel, progress)
            except NotWritable:
                derived = Path(stack.enter_context(TemporaryDirectory(prefix="stash-sense-")))
                opened = PerformersDatabase.open(version, derived, pack, self.kernel, self.cancel, progress)
            stack.callback(opened.close)
            yield opened

    @contextmanager
    def naming(
        self, pack: str | None, cancel: CancelToken | None = None
    ) -> Iterator[tuple[Recognizer, PerformersDatabase]]:
        """Lend the database in use, and the pack it was made with, until the block ends.

        Args:
            pack: the model pack that somebody names; else that of the settings, or of the database.
            cancel: ends waiting for them to be opened.

        Raises:
            DatabaseError: there is no database, or it cannot be used with that pack.
            PackError: the pack cannot be used.
            Cancelled: the token was set.
        """
        with self.live.lease(cancel or self.cancel) as database:
            # Of the database at hand: one with another pack may have taken its place a moment ago.
            wanted = pack or self.settings.pack or database.pack
            if wanted != database.pack:
                raise PackDiffers(made_with=database.pack, pack=wanted)
            with self.recognizing(database.pack) as recognizer:
                yield recognizer, database

    def check_naming(self, pack: str | None) -> None:
        """Look whether people can be named, without opening anything; raises as `naming`."""
        self.require_pack(self._pack_of_database(pack))

    def _pack_of_database(self, pack: str | None) -> str:
        made_with = self.performers.require().manifest.pack
        wanted = pack or self.settings.pack or made_with
        if wanted != made_with:
            self.packs.status(wanted)  # there is a pack of that name at all
            raise PackDiffers(made_with=made_with, pack=wanted)
        return made_with

    def read_scene(self, scene_id: str, cancel: CancelToken | None = None) -> ReadScene:
        """Read a scene of Stash that is to be identified.

        Raises:
            StashIdUnknown: there is none of this id.
            StashError: Stash cannot be asked, or none is named.
            Cancelled: the token was set.
        """
        from stash_sense.identification.library_reading import read_scene

        library = self.library
        return self.loop.call(lambda: read_scene(library, scene_id), cancel or self.cancel)

    def read_image(self, image_id: str, cancel: CancelToken | None = None) -> ReadImage:
        """Read an image of Stash; raises as `read_scene` does."""
        from stash_sense.identification.library_reading import read_image

        library = self.library
        return self.loop.call(lambda: read_image(library, image_id), cancel or self.cancel)

    def read_gallery(self, gallery_id: str, cancel: CancelToken | None = None) -> ReadGallery:
        """Read a gallery of Stash with its images; raises as `read_scene` does."""
        from stash_sense.identification.library_reading import read_gallery

        library = self.library
        return self.loop.call(lambda: read_gallery(library, gallery_id), cancel or self.cancel)

    def library_identifier(self, recognizer: Recognizer, people: KnownPeople, request: Request) -> LibraryIdentifier:
        """Make ready to identify what is in Stash; raises as `library` does."""
        from stash_sense.identification.library_items import LibraryIdentifier

        return LibraryIdentifier(recognizer, people, self._frame_places(), request)

    @contextmanager
    def gallery_to_identify(
        self, asked: GalleryJobRequest, cancel: CancelToken
    ) -> Iterator[tuple[LibraryIdentifier, ReadGallery]]:
        """Read a gallery, and lend what identifies its images; raises as `read_gallery` and `naming` do."""
        from stash_sense.identification.requesting import request_of

        read = self.read_gallery(asked.gallery_id, cancel)
        request = request_of(
            self.configuration, mode=asked.mode, strict=asked.strict, top_k=asked.top_k, tagged=asked.tagged
        )
        with self.naming(asked.pack, cancel) as (recognizer, people):
            yield self.library_identifier(recognizer, people, request), read

    def present_gallery(self, found: IdentifiedGallery) -> dict[str, Any]:
        """Present who is in a gallery, as a document."""
        from stash_sense.reports.document import gallery_document

        return gallery_document(found)

    def portrait_of(
        self,
        kind: str,
        id_: str,
        t: float | None,
        box: tuple[float, float, float, float],
        cancel: CancelToken | None = None,
    ) -> bytes:
        """Cut a face with what is around it out of a scene or an image of Stash; not on an event loop.

        Args:
            kind: "scene" or "image".
            id_: in Stash.
            t: seconds from the first frame of a scene; None for its cover, and for an image.
            box: of the face, in the pixels of what a scan has seen it in.
            cancel: ends waiting.

        Returns:
            A JPEG; see `Portraits.portrait_of`, which also says what is raised.

        Raises:
            StashIdUnknown: there is no such scene or image.
            StashError: Stash cannot be asked, or none is named.
        """
        from stash_sense.adapters.images.portraits import portrait_jpeg
        from stash_sense.fingerprints.fingerprint import Item
        from stash_sense.identification.portrait import Portraits, seen_in
        from stash_sense.library.kinds import SCENES

        cancel = cancel or self.cancel
        read = self.read_scene(id_, cancel) if kind == SCENES.name else self.read_image(id_, cancel)
        portraits = Portraits(self._frame_places(), self.videos, self.pictures, self.remote, portrait_jpeg)
        known = self.fingerprints.get(Item(kind, id_))
        return portraits.portrait_of(read, t, box, seen_in({} if known is None else known.details), cancel)

    def _frame_places(self) -> FramePlaces:
        from stash_sense.adapters.hardware.places import size_of
        from stash_sense.identification.frame_places import FramePlaces

        return FramePlaces(self.path_map, size_of, self.library.media, self.settings.stash_url or "")

    def derive(self, version: InstalledVersion, progress: ProgressListener = silent) -> None:
        """Make what searching a version needs, so that the first request does not wait for it."""
        self.open_version(version, progress).close()

    def prove(
        self, version: InstalledVersion, derived: Path, cancel: CancelToken, progress: ProgressListener
    ) -> None:
        """Search a version for its own faces, before it is put into use; raises as `canary.prove` does.

        Where its pack is not installed yet, every embedder counts the same.
        """
        from stash_sense.performers.versions.canary import prove, prove_plainly

        try:
            pack = self.pack_space(version.manifest.pack)
        except (PackNotInstalled, PackUnknown):
            prove_plainly(version, derived, self.kernel, cancel, progress)
        else:
            prove(version, pack, derived, self.kernel, cancel, progress)

    def builder(self, pack: str | None) -> DatabaseBuilder:
        """Make a pack ready to build databases with; raises as `recognizer` does."""
        from stash_sense.performers.building.build import BuildingPack, DatabaseBuilder
        from stash_sense.performers.database import PackSpace

        opened = self.packs.open(self.packs.default_pack(pack or self.settings.pack))
        finder = face_finder_of(opened, self.limits)
        card = opened.card
        names = tuple(embedder.id for embedder in card.embedders)
        building = BuildingPack(
            PackSpace(card.id, names, finder.space), finder, card.matching, _models_digest(opened)
        )
        return DatabaseBuilder(self.performers, self.pictures, building)

    def performer_source(self, wanted: Wanted) -> PerformerSource:
        """Put together what a database is to be built of.

        Raises:
            StashError: Stash is wanted or has to say how a stash-box is set up, and is not named or cannot be asked.
            StashBoxError: a stash-box is wanted that is not set up in Stash.
            Cancelled: the program was asked to stop.
        """
        from stash_sense.performers.building.combined_source import CombinedSource, Part
        from stash_sense.performers.building.sources import FolderSource

        parts: list[Part] = []
        if wanted.folder is not None:
            parts.append(FolderSource(wanted.folder))
        if wanted.stash:
            parts.append(self._stash_source(wanted))
        if wanted.boxes:
            from stash_sense.performers.building.wanted import endpoint_of

            known = self.ask(lambda library: library.server.configuration()).stash_boxes
            endpoints = dict.fromkeys(endpoint_of(box, known) for box in wanted.boxes)
            parts += [self._stash_box_source(endpoint, wanted) for endpoint in endpoints]
        return parts[0] if len(parts) == 1 else CombinedSource(parts)

    def _stash_source(self, wanted: Wanted) -> StashSource:
        from stash_sense.adapters.hardware.places import size_of
        from stash_sense.performers.building.stash_source import MOST_IMAGES, StashSource

        library, most_bytes = self.library, self.limits.picture_bytes

        def fetch(url: str, cancel: CancelToken) -> bytes:
            return self.loop.call(lambda: library.media.picture(url, most_bytes), cancel).content

        most = wanted.most if wanted.most is not None else MOST_IMAGES
        return StashSource(self.loop, library, self.path_map, size_of, fetch, most if wanted.images else 0)

    def _stash_box_source(self, endpoint: StashBoxEndpoint, wanted: Wanted) -> StashBoxSource:
        from stash_sense.adapters.http.pictures import pictures_of
        from stash_sense.performers.building.stashbox_source import MOST_PICTURES, StashBoxSource

        async def itself(box: StashBox) -> StashBox:
            return box

        fetch = pictures_of(endpoint.endpoint, self.limits)
        box = self.ask_stash_box(endpoint.endpoint, itself)
        most = wanted.most if wanted.most is not None else MOST_PICTURES
        return StashBoxSource(self.loop, box, fetch, self.library if wanted.mine else None, most)

    def export_voyager(
        self, version: InstalledVersion, folder: Path, progress: ProgressListener = silent
    ) -> list[Path]:
        """Write an index file for approximate search of each embedder, `<embedder>.voy`; raises as `export` does.

        Its labels are the rows of the version.
        """
        from stash_sense.adapters.index.voyager_index import export
        from stash_sense.performers.vectors import FusedVectors, map_vectors

        files = []
        for embedder in version.manifest.embedders:
            place = version.folder / embedder.file
            vectors = map_vectors(place, version.manifest.face_count, embedder.dim, embedder.dtype)
            files.append(folder / f"{embedder.id}.voy")
            export(FusedVectors([(vectors, 1.0)]), files[-1], progress, self.cancel)
        return files


def _models_digest(pack: OpenPack) -> str:
    """Name all that decides which vectors a pack gives: models, how faces are put before them, and in which form."""
    from stash_sense.models.overlay import models_of

    card = pack.card
    told = [models_of(card), card.detector.model_dump(), [embedder.model_dump() for embedder in card.embedders]]
    return hashlib.sha256(json.dumps([*told, sorted(pack.quantised)], sort_keys=True).encode()).hexdigest()
