"""Who is let in: keys, cookies, the login page, and the lock against the internet."""

import secrets
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from stash_sense.fakes.stash.state import Configuration

_VARY = {"vary": "Origin"}
_LOGIN = "<!DOCTYPE html><html><head><title>Login</title></head><body><form method=post>Stash</form></body></html>"
_TRIED = (
    "You have attempted to access Stash over the internet, and authentication is not enabled. This is extremely "
    "dangerous! The whole world can see your your stash page and browse your files! Stash is not answering any other "
    "requests to protect your privacy. Please read the log entry or visit https://discourse.stashapp.cc/t/-/1658\n"
)
_EXPOSED = (
    "Stash is exposed to the public internet without authentication, and is not serving any more content to protect "
    "your privacy. More information and fixes are available at https://discourse.stashapp.cc/t/-/1658\n"
)
_SHARED = ip_network("100.64.0.0/10")


class Doors:
    """Decides over every request but those for /healthz.

    Args:
        configuration: holds the user, the password and the key.

    Attributes:
        exposed: the lock has fallen; it stays so.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._sessions: set[str] = set()
        self.exposed = False

    @property
    def guarded(self) -> bool:
        """A user and a password are set."""
        return bool(self._configuration.general["username"] and self._configuration.password)

    def refusal(self, connection: HTTPConnection) -> Response | None:
        """Return why a request is not answered, None if it is."""
        path, key = connection.url.path, _key(connection.headers, connection.query_params.get("apikey"))
        if key is not None and not secrets.compare_digest(key, self._configuration.general["apiKey"] or "\0"):
            return unauthorized()
        if not self.guarded:
            return self._refused_by_lock(connection)
        if key is not None or connection.cookies.get("session") in self._sessions or path == "/login":
            return None
        if path == "/graphql" or PurePosixPath(path).suffix not in ("", ".html"):
            return unauthorized()
        place = f"/login?{urlencode({'returnURL': path})}"
        return Response(
            f'<a href="{place}">Found</a>.\n\n', 302, {**_VARY, "location": place}, "text/html; charset=utf-8"
        )

    async def login(self, request: Request) -> Response:
        """Answer /login."""
        if not self.guarded:
            return RedirectResponse("/", 302, _VARY)
        if request.method == "GET":
            return HTMLResponse(_LOGIN, headers={**_VARY, "cache-control": "no-cache"})
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        told = form.get("username", [""])[0], form.get("password", [""])[0]
        if told != (self._configuration.general["username"], self._configuration.password):
            return PlainTextResponse("Username or password is invalid\n", 401, _VARY)
        session = secrets.token_urlsafe(24)
        self._sessions.add(session)
        answer = Response(headers=_VARY)
        age = int(self._configuration.general["maxSessionAge"])
        answer.set_cookie("session", quote(session), max_age=age, samesite="lax")
        return answer

    def _refused_by_lock(self, connection: HTTPConnection) -> Response | None:
        if self.exposed:
            return forbidden()
        chain = connection.headers.get("x-forwarded-for", "")
        if any(_public(address.strip()) for address in chain.split(",") if address.strip()):
            self.exposed = True
            return PlainTextResponse(_TRIED, 403, _VARY)
        return None


def unauthorized() -> Response:
    """Return the answer to whoever may not come in and would not understand a page."""
    return Response(status_code=401, headers={**_VARY, "www-authenticate": "FormBased", "content-length": "0"})


def forbidden() -> Response:
    """Return the answer of a server that closed itself."""
    return PlainTextResponse(_EXPOSED, 403, _VARY)


def _key(headers: Mapping[str, str], query: str | None) -> str | None:
    return headers.get("apikey") or query or None


def _public(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return True
    return not (address.is_private or address.is_loopback or address.is_link_local or address in _SHARED)
