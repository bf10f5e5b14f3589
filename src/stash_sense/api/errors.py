"""Errors as HTTP answers: one table from error class to status, one form of body for all of them."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from stash_sense import errors as every
from stash_sense.errors import MethodNotAllowed, NotFound, RequestInvalid, StashSenseError
from stash_sense.kernel.refusals import refusal

_LOG = logging.getLogger(__name__)

STATUSES: Mapping[type[StashSenseError], int] = {
    StashSenseError: 500,
    every.Cancelled: 503,  # the service is being stopped: who asked is gone, or will ask again
    every.InputError: 422,
    every.InputMissing: 404,
    every.InternalFault: 500,
    every.GalleryError: 422,
    every.PackError: 503,
    every.PackUnknown: 404,
    every.InstallError: 502,
    every.LicenceNotAccepted: 409,
    every.InstallerMissing: 503,
    every.NpmMissing: 503,
    every.MeasurementError: 422,
    every.DatabaseError: 503,
    every.VersionTaken: 409,
    every.NoEarlierVersion: 409,
    every.EarlierVersionDamaged: 409,
    every.LibraryBusy: 409,
    every.PackDiffers: 409,
    every.PerformerUnknown: 404,
    every.PerformerAmbiguous: 409,
    every.SearchError: 503,
    every.SignatureError: 409,
    every.SigningKeyError: 409,
    every.ReleaseError: 502,
    every.ReleaseNeedsNewerProgram: 409,
    every.ReleaseAlreadyPublished: 409,
    every.ArchiveError: 502,
    every.VersionFileError: 502,
    every.PublicReleaseError: 502,
    every.VoyagerError: 502,
    every.VoyagerMissing: 503,
    every.TransferError: 502,
    every.AddressPrivate: 422,
    every.TooSlow: 504,
    every.DeadlinePassed: 504,
    every.SourceError: 502,
    every.SourceUnknown: 422,
    every.ResourceError: 503,
    every.ResourceNeedsItself: 500,
    every.UpdateError: 409,
    every.RecommendationError: 422,
    every.RecommendationUnknown: 404,
    every.RecommendationSettled: 409,
    every.RecommendationSuperseded: 409,
    every.RecommendationUnreadable: 500,
    every.RecommendationPartlyAccepted: 502,
    every.JournalError: 422,
    every.JournalEntryUnknown: 404,
    every.JournalGroupUnknown: 404,
    every.JournalFieldChanged: 409,
    every.JournalTargetGone: 409,
    every.JournalTargetUsed: 409,
    every.JournalNotUndoable: 409,
    every.JournalPictureTooLarge: 413,
    every.ScanError: 422,
    every.CurationError: 409,
    every.PerformerNotThere: 404,
    every.PortraitMissing: 422,
    every.WritingBusy: 503,
    every.StashError: 502,
    every.StashNotSet: 503,
    every.StashIdUnknown: 404,
    every.StashNameTaken: 409,
    every.StashBoxError: 502,
    every.StashBoxUnknown: 404,
    every.PathMapInvalid: 422,
    every.StateError: 503,
    every.BackupError: 409,
    every.JobError: 409,
    every.JobTypeUnknown: 404,
    every.JobUnknown: 404,
    every.JobPayloadInvalid: 422,
    every.JobListingInvalid: 422,
    every.ScheduleInvalid: 422,
    every.JobFault: 500,
    every.ConfigurationError: 422,
    every.SettingUnknown: 404,
    every.StorageError: 503,
    every.DiskFull: 507,
    every.NotEnoughSpace: 507,
    every.SettingInvalid: 422,
    every.NotConfirmed: 409,
    every.FileUnusable: 422,
    every.ServiceError: 503,
    every.RequestError: 400,
    every.HostForeign: 421,
    every.OriginForeign: 403,
    every.TokenMissing: 401,
    every.BrowserNeedsToken: 401,
    every.TokenWrong: 401,
    every.TicketWrong: 401,
    every.LinkWrong: 401,
    every.BodyTooLarge: 413,
    every.AddressTooLong: 414,
    every.HeadersTooLarge: 431,
    every.RequestInvalid: 422,
    every.ContentTypeUnknown: 415,
    every.NotFound: 404,
    every.CropMissing: 404,
    every.MethodNotAllowed: 405,
    every.TooManyWaiting: 429,
    every.TooManyWatching: 429,
    every.PicturePlaceRefused: 422,
}
"""The status of each error, and of all below it in the tree that are not named themselves."""

_INTERNAL = "internal_fault"


class ErrorBody(BaseModel):
    """Why a request was not done."""

    code: str = Field(description="Stable, for programs.", examples=["pack_unknown"])
    message: str = Field(description="One sentence for the user, with what to do.")
    fields: dict[str, str] | None = Field(default=None, description="What is wrong with which field of the request.")
    request_id: str | None = Field(default=None, description="What the log calls this request.")


class ErrorAnswer(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorBody


def status_of(error: StashSenseError | type[StashSenseError]) -> int:
    """Return the HTTP status of an error."""
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[above] for above in kind.__mro__ if above in STATUSES)


def status_of_code(code: str) -> int:
    """Return the HTTP status of the error with a code; 500 where there is none."""
    return next((status_of(kind) for kind in _tree(StashSenseError) if kind.code == code), 500)


def document_of(code: str, message: str, fields: Mapping[str, str] | None = None, request_id: str = "") -> Any:
    """Return the body of an answer that is an error."""
    told: dict[str, Any] = {"code": code, "message": message}
    if fields:
        told["fields"] = dict(fields)
    if request_id:
        told["request_id"] = request_id
    return {"error": told}


def answer_to(error: StashSenseError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that tells an error of ours."""
    body = document_of(error.code, str(error), _field_reasons(error))
    return JSONResponse(body, status_of(error), dict(headers) if headers else None)


def internal_fault(request_id: str) -> JSONResponse:
    """Return the answer to a request that met a fault of ours."""
    message = f"Stash Sense met a fault of its own; please report it with what the log says of request {request_id}."
    return JSONResponse(document_of(_INTERNAL, message, request_id=request_id), 500)


def add_error_handlers(app: FastAPI) -> None:
    """Answer errors in one form, whoever raises them."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, StashSenseError):
            raise error
        status = status_of(error)
        if status >= 500:
            _LOG.warning("request failed", extra={"code": error.code, "reason": str(error)})
        return answer_to(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        fields = dict(_field_faults(error))
        said = RequestInvalid(reason="; ".join(f"{name}: {reason}" for name, reason in list(fields.items())[:3]))
        return JSONResponse(document_of(said.code, str(said), fields), status_of(said))

    async def plain(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        said = _as_ours(request, error)
        return JSONResponse(document_of(said.code, str(said)), error.status_code, error.headers)

    app.add_exception_handler(StashSenseError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)


def _as_ours(request: Request, error: HTTPException) -> StashSenseError:
    path = request.scope.get("raw_path", b"").decode("ascii", "replace")[:200]
    if error.status_code == status_of(NotFound):
        return NotFound(path=path)
    if error.status_code == status_of(MethodNotAllowed):
        return MethodNotAllowed(path=path, method=request.method)
    return RequestInvalid(reason=str(error.detail).rstrip("."))


def _field_faults(error: RequestValidationError) -> Iterator[tuple[str, str]]:
    """Yield which field is wrong, as the request has it, and why; never the value, which may be a secret."""
    for fault in error.errors():
        where = [str(part) for part in fault["loc"]]
        name = where[0] if fault["type"] == "json_invalid" else ".".join(where[1:]) or where[0]
        yield name[:100], refusal(fault)[:300]


def _field_reasons(error: StashSenseError) -> dict[str, str] | None:
    """Return what is wrong with which field, where an error tells it."""
    fields = error.fields
    if isinstance(faults := fields.get("faults"), Mapping):
        return {str(name): str(reason) for name, reason in faults.items()}
    named = fields.get("field", fields.get("name"))
    if named is not None and "reason" in fields:
        return {str(named): str(fields["reason"])}
    return None


def _tree(root: type[StashSenseError]) -> Iterator[type[StashSenseError]]:
    yield root
    for below in root.__subclasses__():
        yield from _tree(below)
