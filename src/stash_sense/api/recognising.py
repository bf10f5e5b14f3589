"""A picture that a request brings along -> who is in it."""

import base64
import binascii
import contextlib
import dataclasses
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stash_sense.bootstrap import Services
from stash_sense.configuration.catalogue import MOST_CANDIDATES
from stash_sense.errors import AddressPrivate, InputEmpty, InputNotMedia, PicturePlaceRefused, RequestInvalid
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken

PICTURE_BYTES = 128 * 1024 * 1024
"""Of a picture that is uploaded: as large as the program reads at all."""
BODY_BYTES = PICTURE_BYTES + 64 * 1024
"""Of a form with such a picture and its other fields."""
DOCUMENT_BYTES = 32 * 1024 * 1024
"""Of a JSON document with a picture in base64, which is in memory while it is read: a picture of 24 MB."""
FETCHED_BYTES = 32 * 1024 * 1024
_FETCH_SECONDS = 60.0
_MOST_TAGGED = 200
_DEFAULT_NAME = "picture"
_COPY_BYTES = 1024 * 1024


class IdentifyOptions(BaseModel):
    """How a picture is looked at, as with the options of `stash-sense identify`; the settings tell the rest."""

    model_config = ConfigDict(extra="forbid")

    pack: str | None = Field(default=None, max_length=100, description="Model pack; the database's own without.")
    mode: str | None = Field(default=None, max_length=50, description="How names are decided.")
    strict: bool | None = Field(default=None, description="Give only the surest names; fewer people get one.")
    top_k: int | None = Field(
        default=None, ge=0, le=MOST_CANDIDATES, description="Other likely people to list for each person."
    )
    crops: bool = Field(default=False, description="Send the best faces of everybody along, as JPEG in base64.")
    tagged: list[str] = Field(
        default_factory=list, max_length=_MOST_TAGGED, description="Names or ids of people who are tagged already."
    )


class IdentifyDocument(IdentifyOptions):
    """A picture in a JSON document: in base64, or where it is; one of the two."""

    image_base64: str | None = Field(default=None, min_length=4, description="The file, in base64.")
    image_url: str | None = Field(
        default=None, min_length=8, max_length=4_000, description="Its address on the public internet."
    )

    @model_validator(mode="after")
    def _one_picture(self) -> "IdentifyDocument":
        if (self.image_base64 is None) == (self.image_url is None):
            raise ValueError("send image_base64 or image_url, one of the two")
        return self


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came in, on the disk while it waits; to be closed.

    Attributes:
        name: for the answer.
        content: its file, which has no name.
    """

    name: str
    content: IO[bytes]

    def save(self, target: IO[bytes]) -> None:
        """Write its file."""
        self.content.seek(0)
        shutil.copyfileobj(self.content, target, _COPY_BYTES)

    def close(self) -> None:
        """Let it go."""
        self.content.close()


def uploaded(name: str | None, content: IO[bytes]) -> Picture:
    """Return a picture that a form brought along."""
    # Browsers of old send the whole path.
    plain = (name or "").replace("\\", "/").rpartition("/")[2]
    return Picture(plain[:200] or _DEFAULT_NAME, content)


def in_document(content: bytearray) -> tuple[IdentifyOptions, Picture | str]:
    """Read a document: how to look, and the picture or the address where it is.

    Raises:
        ValidationError: it is not such a document.
        RequestInvalid: the picture is not base64.
        StorageError: it cannot be kept while it waits.
    """
    document = IdentifyDocument.model_validate_json(content)
    options = IdentifyOptions.model_validate(document.model_dump(exclude={"image_base64", "image_url"}))
    return options, document.image_url or decoded(document.image_base64 or "")


def decoded(text: str) -> Picture:
    """Return a picture that came in base64, maybe as a data: address."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestInvalid(field="image_base64", reason="image_base64 is not base64") from error
    return _kept(_DEFAULT_NAME, content)


def fetched(url: str, services: Services, cancel: CancelToken) -> Picture:
    """Fetch a picture from the public internet: nowhere else, whatever a name or a redirect leads to.

    Raises:
        PicturePlaceRefused: it is not an address there.
        TransferError: it could not be fetched, or is too large.
        Cancelled: the token was set.
    """
    from stash_sense.kernel.addresses import shown
    from stash_sense.releases.download import Download
    from stash_sense.releases.patience import DownloadLimits
    from stash_sense.releases.ports import Named

    limits = DownloadLimits(
        connect_seconds=10.0,
        silence_seconds=15.0,
        slow_seconds=20.0,
        small_deadline_seconds=_FETCH_SECONDS,
        attempts=2,
    )
    _check_address(url, shown(url))
    try:
        content = Download(services.http, limits).read(url, FETCHED_BYTES, named=Named("", there=()), cancel=cancel)
    except AddressPrivate as error:
        reason = "it is on this machine or a private network"
        raise PicturePlaceRefused(address=shown(url), reason=reason) from error
    name = urlsplit(shown(url)).path.rpartition("/")[2]
    return _kept(name[:200] or _DEFAULT_NAME, content)


def _check_address(url: str, address: str) -> None:
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        plain = False
    if not plain or not url.isprintable() or " " in url or "\\" in url:
        raise PicturePlaceRefused(address=address, reason="only http and https addresses are asked")
    if "@" in parts.netloc:
        raise PicturePlaceRefused(address=address, reason="there is a name or password in it")


def _kept(name: str, content: bytes) -> Picture:
    """Put a picture on the disk: dozens may wait, and in memory they would be gigabytes."""
    with storage_errors(Path(tempfile.gettempdir())), contextlib.ExitStack() as failing:
        file = failing.enter_context(tempfile.TemporaryFile(prefix="stash-sense-"))
        file.write(content)
        failing.pop_all()
    return Picture(name, file)


def identify_picture(picture: Picture, options: IdentifyOptions, services: Services, cancel: CancelToken) -> Any:
    """Recognise who is in a picture; takes up to seconds, and much memory the first time.

    Returns:
        The document that `stash-sense identify --json` prints.

    Raises:
        StashSenseError: it cannot be used, or nobody can be identified here.
        Cancelled: the token was set.
    """
    from stash_sense.identification.requesting import request_of
    from stash_sense.reports.document import SCHEMA, result_document

    request = request_of(
        services.configuration,
        mode=options.mode,
        strict=options.strict,
        top_k=options.top_k,
        tagged=options.tagged,
    )
    with tempfile.TemporaryDirectory(prefix="stash-sense-") as folder:
        path = Path(folder) / _DEFAULT_NAME
        with storage_errors(path), path.open("wb") as file:
            picture.save(file)
        _require_picture(path, picture.name)
        cancel.raise_if_cancelled()
        with services.naming(options.pack, cancel) as (recognizer, people):
            result = next(recognizer.identify([path], people, request, cancel))
        if result.failure is not None:
            raise LookFailed(result.failure.code, result.failure.message.replace(str(path), picture.name))
    named = dataclasses.replace(result, source=picture.name)
    return {"schema": SCHEMA, "results": [result_document(named, options.crops)], "gallery": None, "complete": True}


class LookFailed(Exception):
    """Something could not be looked at; code and message are those of the error that says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _require_picture(path: Path, name: str) -> None:
    from stash_sense.media.kinds import HEAD_BYTES, Kind, kind_of

    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise InputEmpty(path=name)
    # By its content alone: a name says nothing about what somebody sends.
    if kind_of("", head) is not Kind.PICTURE:
        raise InputNotMedia(path=name)
