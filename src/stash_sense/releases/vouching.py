"""What a release says of itself, once it is clear that somebody who is trusted has signed it."""

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import Version

from stash_sense.errors import NotOnServer, ReleaseContradictory, ReleaseUnsigned, SignatureMissing
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.found import FoundRelease, PublicOffer
from stash_sense.releases.keys import Ed25519, PublicKey
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.release_manifest import MANIFEST_BYTES, ReleaseManifest
from stash_sense.releases.signing import SIGNATURE_BYTES, verify


@dataclass(frozen=True, slots=True)
class Vouched:
    """A release that may be installed.

    Attributes:
        described: what it says of itself; None of a public one.
        signed_by: id of the trusted key that signed that, hex; None where nobody did, and that is allowed.
    """

    described: ReleaseManifest | None
    signed_by: str | None

    @property
    def manifest(self) -> ReleaseManifest:
        """What it says of itself; not to be asked of a public one."""
        if self.described is None:
            raise ValueError("a public release does not describe itself")
        return self.described


def vouched(
    source: ReleaseSource,
    release: FoundRelease,
    trusted: Sequence[PublicKey],
    ed25519: Ed25519,
    cancel: CancelToken,
    *,
    allow_unsigned: bool,
) -> Vouched:
    """Read a release's manifest and signature.

    Args:
        source: has it.
        release: one of the source's.
        trusted: keys of the publishers whom the user trusts.
        ed25519: checks the signature.
        cancel: looked at while waiting.
        allow_unsigned: take one that nobody signed; a signature that is there must be right all the same.

    Raises:
        ReleaseUnsigned, SignatureError: it is not to be trusted.
        ReleaseError: what it says cannot be understood, or is of another version.
        SourceError, TransferError: it could not be read.
        Cancelled: the token was set.
    """
    offer = release.offer
    unsigned = ReleaseUnsigned(source=source.name, version=release.version)
    if isinstance(offer, PublicOffer):
        if not allow_unsigned:
            raise unsigned
        return Vouched(None, None)
    content = source.read_small(release, offer.manifest, MANIFEST_BYTES, cancel)
    try:
        signature = source.read_small(release, offer.signature, SIGNATURE_BYTES, cancel)
    except NotOnServer:
        signature = None
    signed_by = None
    try:
        signed_by = verify(content, signature, trusted, ed25519, offer.manifest).id
    except SignatureMissing as error:
        if not allow_unsigned:
            raise unsigned from error
    described = ReleaseManifest.read(content, offer.manifest)
    if Version(described.version) != release.version:
        reason = f"it is version {described.version}, and {release.version} was offered"
        raise ReleaseContradictory(name=offer.manifest, reason=reason)
    return Vouched(described, signed_by)
