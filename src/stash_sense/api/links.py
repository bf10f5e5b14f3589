"""Links that open one address for some minutes without the token: for the pictures of a page."""

import hashlib
import hmac
import re
from urllib.parse import quote, urlencode

LINK_SECONDS = 600
_PURPOSE = b"stash-sense link 1"
_EXPIRES = re.compile(r"\d{1,12}")


def signed_link(path: str, token: str, now: float, seconds: int = LINK_SECONDS) -> str:
    """Return an address below this service that opens without the token until it expires.

    Args:
        path: as it is, not percent-encoded.
        token: of the service; when it changes, all links are void.
        now: seconds since 1970.
        seconds: for which it is good.
    """
    expires = str(int(now) + seconds)
    return f"{quote(path)}?{urlencode({'expires': expires, 'signature': _signature(path, expires, token)})}"


def is_signed(path: str, expires: str, signature: str, token: str, now: float) -> bool:
    """Whether a link was made by `signed_link` with this token, and is still good."""
    if not _EXPIRES.fullmatch(expires) or not signature.isascii():
        return False
    right = hmac.compare_digest(_signature(path, expires, token), signature)
    return right and now < int(expires)


def _signature(path: str, expires: str, token: str) -> str:
    # A key of its own: what is signed here can never be taken for anything else that the token is used for.
    key = hmac.digest(token.encode(), _PURPOSE, hashlib.sha256)
    return hmac.new(key, f"{expires}\n{path}".encode(), hashlib.sha256).hexdigest()
