"""HTTP to the service that runs on a data folder, with its token, over the loopback or wherever it listens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from stash_sense.errors import ServiceAnswer, ServiceUnreachable

_SECONDS = 30.0
_DOING_SECONDS = 600.0
"""For what the service does before it answers: a Stash that is locked for long, pictures out of slow videos."""


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """A service that was found running.

    Attributes:
        url: where it listens.
        token: it asks for.
    """

    url: str
    token: str

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Ask for a document.

        Raises:
            ServiceUnreachable: the service does not answer.
            ServiceAnswer: it answers with an error.
        """
        return self._asked("GET", path, query=query)

    def send(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """Send a document, or nothing; raises as `get`."""
        return self._asked(method, path, document=document)

    def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        try:
            timeout = httpx2.Timeout(_SECONDS, read=_SECONDS if method == "GET" else _DOING_SECONDS)
            with httpx2.Client(trust_env=False, timeout=timeout, headers=headers) as client:
                answer = client.request(
                    method, f"{self.url}{path}", params=dict(query or {}), json=None if document is None else document
                )
                content = answer.json() if answer.content else None
        except (httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ServiceUnreachable(url=self.url, reason=_reason(error)) from error
        if answer.is_success:
            return content
        said = content.get("error") if isinstance(content, dict) else None
        if not isinstance(said, dict):
            raise ServiceUnreachable(url=self.url, reason=f"status {answer.status_code}")
        raise ServiceAnswer(message=str(said.get("message", "")).rstrip("."), answered=str(said.get("code", "")))


def _reason(error: Exception) -> str:
    """Say what happened in the system's words, which the library wraps several times."""
    if isinstance(error, httpx2.TimeoutException):
        return "no answer came in time"
    if not isinstance(error, httpx2.HTTPError):
        return "what it answers is no JSON"
    inner: BaseException | None = error
    while inner is not None:
        for found in (inner, *inner.args[:1]):  # httpcore2 takes care that the system's error is not its cause
            if isinstance(found, OSError) and found.strerror:
                return found.strerror.lower().rstrip(".")
        inner = inner.__cause__
    return "it broke off the connection"
