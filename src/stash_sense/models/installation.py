"""One install: the sources of a catalogue entry, one after the other, into a staged folder that becomes the pack.

What the pack that it replaces has whole is not fetched again; where that does not answer as it must, it is.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from stash_sense.errors import (
    ConversionFailed,
    ModelRejected,
    PackSelfTestFailed,
    PackSourceMismatch,
    PackSourceMissing,
    StashSenseError,
)
from stash_sense.files import staged_folder, storage_errors
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.models.card import CARD_NAME, FileCard, PackCard
from stash_sense.models.catalogue import (
    BundledSource,
    CatalogueEntry,
    PackageSource,
    QuantisedSource,
    Source,
    SuppliedSource,
    bundled_file,
)
from stash_sense.models.extraction import MEMBER_BYTES
from stash_sense.models.pack_folder import CARD_BYTES, PackFolder, read_file, write_card
from stash_sense.models.package_files import PackageFiles, checked
from stash_sense.models.ports import ModelRuntime, PackageFetcher
from stash_sense.models.quantised import quantised
from stash_sense.models.selftest import check_answers, known_answers
from stash_sense.models.store import PackState, PackStore, open_models
from stash_sense.models.supplied import Supply


class Installation:
    """Makes one pack.

    Args:
        entry: of the pack.
        supply: what the user named.
        store: of the models folder, which nobody else installs into meanwhile.
        runtime: opens the models for the self-test.
        fetcher: fetches packages.
        listen: told each step.
        limits: bounds for what a pack may hold.
    """

    def __init__(
        self,
        entry: CatalogueEntry,
        supply: Supply,
        store: PackStore,
        runtime: ModelRuntime,
        fetcher: PackageFetcher,
        listen: ProgressListener,
        limits: Limits,
    ) -> None:
        self._entry = entry
        self._supply = supply
        self._store = store
        self._fetcher = fetcher
        self._target = store.models_dir / entry.id
        self._runtime = runtime
        self._listen = listen
        self._limits = limits
        self._packages = self._new_packages()
        self._replaced: Mapping[str, FileCard] = {}
        self._reused = False

    def run(self) -> PackCard:
        """Make the pack; it is in its place when this returns. Raises as `PackInstaller.install` does."""
        status = self._store.status(self._entry.id)
        if status.outdated or status.state is PackState.DAMAGED:
            self._replaced = _listed_files(self._target)
        try:
            return self._made()
        except (ConversionFailed, ModelRejected, PackSelfTestFailed):
            if not self._reused:
                raise
        self._replaced, self._packages = {}, self._new_packages()
        return self._made()

    def _new_packages(self) -> PackageFiles:
        return PackageFiles(self._entry, self._supply, self._store, self._fetcher, self._listen)

    def _made(self) -> PackCard:
        with staged_folder(self._target) as stage:
            self._require_supplied()
            files = {}
            for source in self._entry.sources:
                content = self._content(source, stage)
                with storage_errors(self._target):
                    (stage / source.file).write_bytes(content)
                files[source.file] = FileCard(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
                del content
            self._listen(Progress("self-test", 0, 1))
            card = self._tested_card(stage, files)
            self._listen(Progress("self-test", 1, 1))
        return card

    def _content(self, source: Source, stage: Path) -> bytes:
        if isinstance(source, SuppliedSource):
            return self._supplied(source)
        if isinstance(source, BundledSource):
            return checked(bundled_file(source.file), source.sha256, source.file, self._entry.id)
        if isinstance(source, QuantisedSource):
            self._listen(Progress("convert", 0, note=source.file))
            model, ranges = ((stage / name).read_bytes() for name in (source.of, source.ranges))
            return quantised(model, ranges, file=source.file, pack=self._entry.id)
        return self._replaced_file(source) or self._packages.file(source)

    def _replaced_file(self, source: PackageSource) -> bytes | None:
        """Return a file as the pack that is replaced has it, whole; None where it has not, or the user supplies it.

        That it is of this source only the self-test tells, where the file was converted.
        """
        names = (source.file, source.member.rsplit("/", 1)[-1], source.distribution)
        wanted = self._replaced.get(source.file)
        if wanted is None or any(map(self._supply.has, names)):
            return None
        try:
            content = read_file(self._target / source.file, MEMBER_BYTES)
        except ValueError:
            return None
        sha256 = wanted.sha256 if source.converter != "none" else source.content_sha256
        if hashlib.sha256(content).hexdigest() != sha256:
            return None
        self._listen(Progress("copy", 0, note=source.file))
        self._reused = True
        return content

    def _require_supplied(self) -> None:
        missing = [source for source in self._entry.supplied if not any(map(self._supply.has, source.names))]
        if missing:
            names = " and ".join(source.names[0] for source in missing)
            raise PackSourceMissing(pack=self._entry.id, needed=f"{names}, from {missing[0].origin}")

    def _supplied(self, source: SuppliedSource) -> bytes:
        name = next(filter(self._supply.has, source.names))
        self._listen(Progress("copy", 0, note=name))
        content = self._supply.find(name, source.size or self._limits.pack_bytes) or b""
        if source.sha256 is None:
            return content
        return checked(content, source.sha256, name, self._entry.id)

    def _tested_card(self, stage: Path, files: dict[str, FileCard]) -> PackCard:
        """Write the card, once the models, opened from the stage, gave their known answers; take those not known."""
        channels_last = self._channels_last(stage, files)
        card = self._entry.card(files, channels_last=channels_last)
        write_card(stage, card)
        with PackFolder.opened(card.id, stage, self._limits) as folder:
            _, contents = folder.contents()
        try:
            pack = open_models(card, contents, self._runtime)
        except ModelRejected as error:
            raise self._blamed(error) from error
        answers = known_answers(card.id, pack.detector, pack.embedders)
        measured = {name: answer for name, answer in answers.items() if name not in self._entry.known_answers}
        if measured:
            card = self._entry.card(files, measured=measured, channels_last=channels_last)
            write_card(stage, card)
        check_answers(card.id, card.self_test, answers)
        return card

    def _channels_last(self, stage: Path, files: dict[str, FileCard]) -> list[str]:
        """Find out which of the embedders whose layout the catalogue leaves open do not take NCHW."""
        found = []
        for embedder in self._entry.card(files).embedders:
            if embedder.id in self._entry.layout_open:
                try:
                    self._runtime.embedder(embedder, (stage / embedder.file).read_bytes())
                except ModelRejected:
                    found.append(embedder.id)
        return found

    def _blamed(self, error: ModelRejected) -> StashSenseError:
        """Say that the user's file is the wrong one, where nothing else vouches for it."""
        unknown = {source.file for source in self._entry.supplied if source.sha256 is None}
        file = str(error.fields["file"])
        if file not in unknown:
            return error
        return PackSourceMismatch(file=file, pack=self._entry.id, reason=error.fields["reason"])


def _listed_files(folder: Path) -> dict[str, FileCard]:
    """Return the files that a pack's card lists, even where the rest of it is not understood by this version."""
    try:
        files = json.loads(read_file(folder / CARD_NAME, CARD_BYTES))["files"]
        return {name: FileCard.model_validate(file) for name, file in files.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
