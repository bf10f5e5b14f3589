"""Errors of the running service: starting it, its door, and what a request brings along."""

from stash_sense.errors.base import StashSenseError


class ServiceError(StashSenseError):
    """The service cannot run."""

    code = "service_error"


class ServiceRunning(ServiceError):
    """A service uses {folder} already (process {pid}, {url}); use that one, stop it, or set STASH_SENSE_DATA_DIR to
    another folder.
    """

    code = "service_running"


class AddressUnusable(ServiceError):
    """The service cannot listen at {host}, port {port} ({reason}); choose another with --host and --port."""

    code = "address_unusable"


class TokenUnusable(ServiceError):
    """{path} holds no usable token ({reason}); `stash-sense token --rotate` makes a new one."""

    code = "token_unusable"


class ServiceStopping(ServiceError):
    """The service is being stopped and takes nothing more on; ask again when it is back."""

    code = "service_stopping"


class RequestError(StashSenseError):
    """This request is not answered."""

    code = "request_error"


class HostForeign(RequestError):
    """This service is not called {host}; if it is yours under that name, as behind a proxy or a container's port,
    start it with STASH_SENSE_ALLOWED_HOSTS={names}.
    """

    code = "host_foreign"


class OriginForeign(RequestError):
    """Pages of {origin} may not use this service; only its own pages may."""

    code = "origin_foreign"


class TokenMissing(RequestError):
    """This needs the service's token in the header `Authorization: Bearer …`; `stash-sense token` prints it."""

    code = "token_missing"


class BrowserNeedsToken(RequestError):
    """A browser does not send the service's token by itself; let an extension of it send the header
    `Authorization: Bearer …` with what `stash-sense token` prints, or save the page with
    `curl -H "Authorization: Bearer $(stash-sense token)" {address} > page.html`.
    """

    code = "browser_needs_token"


class TokenWrong(RequestError):
    """The token is not the one of this service; `stash-sense token` prints it."""

    code = "token_wrong"


class TicketWrong(RequestError):
    """The ticket is used up, too old or of another place; get a new one with POST /tickets."""

    code = "ticket_wrong"


class LinkWrong(RequestError):
    """The link is too old or was changed; ask again for the page that it stood in."""

    code = "link_wrong"


class SecretInAddress(RequestError):
    """The address carries a secret ({name}), and addresses are kept in logs and histories; send it in the header
    `Authorization: Bearer …`, and if it was the token, make a new one with `stash-sense token --rotate`.
    """

    code = "secret_in_address"


class BodyTooLarge(RequestError):
    """The request's body is larger than the {limit:,} bytes that are taken here; send less."""

    code = "body_too_large"


class AddressTooLong(RequestError):
    """The address is longer than the {limit:,} bytes that are taken; ask for less at a time."""

    code = "address_too_long"


class HeadersTooLarge(RequestError):
    """The request's headers are larger than the {limit:,} bytes that are taken; send fewer."""

    code = "headers_too_large"


class RequestInvalid(RequestError):
    """The request cannot be understood ({reason})."""

    code = "request_invalid"


class ContentTypeUnknown(RequestError):
    """A body of the type {type} is not taken here; send {wanted}."""

    code = "content_type_unknown"


class NotFound(RequestError):
    """There is nothing at {path}; /openapi.json lists what there is."""

    code = "not_found"


class CropMissing(RequestError):
    """No picture is kept of face {face} of {kind} {id}; it was forgotten, or another scan numbered the faces anew, so
    read the recommendation again.
    """

    code = "crop_missing"


class MethodNotAllowed(RequestError):
    """{path} does not take {method}; /openapi.json tells what it takes."""

    code = "method_not_allowed"


class TooManyWaiting(RequestError):
    """{waiting:,} pictures wait to be looked at already; send this one again when some of them are done."""

    code = "too_many_waiting"


class TooManyWatching(RequestError):
    """{watching:,} pages and programs watch events already; close some of them."""

    code = "too_many_watching"


class PicturePlaceRefused(RequestError):
    """No picture is fetched from {address} ({reason}); send the picture itself."""

    code = "picture_place_refused"


class ServiceUnreachable(ServiceError):
    """The service at {url} does not answer ({reason}); see what it says in its own terminal or log."""

    code = "service_unreachable"


class ServiceAnswer(ServiceError):
    """{message} (the service's answer)."""

    code = "service_answer"


class ServiceGone(ServiceError):
    """The service at {url} went away ({reason}) while job {job} ({title}) was watched; the job is kept and goes on
    at the next `stash-sense serve`, where `stash-sense jobs watch {job}` shows it.
    """

    code = "service_gone"


class JobNotDone(ServiceError):
    """Job {job} ({title}) {ended}: {reason}."""

    code = "job_not_done"
