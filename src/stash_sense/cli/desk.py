"""Recommendations and the journal as commands reach them: through the service of the data folder, else in process.

The service comes first: what it writes to Stash itself does not come back to it as news.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from stash_sense.bootstrap import Services
from stash_sense.cli.serving import Document, ServiceClient, service_here

if TYPE_CHECKING:
    from pydantic import BaseModel


class Desk(Protocol):
    """Recommendations and the journal, in documents as the service's routes give and take them."""

    def recommendations(self, query: Mapping[str, Any]) -> Document:
        """List recommendations."""

    def recommendation(self, id_: int) -> Document:
        """Tell what one says."""

    def accept(self, id_: int, asked: Document) -> Document:
        """Accept one."""

    def accept_many(self, asked: Document) -> Document:
        """Accept many."""

    def dismiss(self, id_: int, asked: Document) -> Document:
        """Dismiss one."""

    def dismiss_many(self, asked: Document) -> Document:
        """Dismiss many."""

    def reopen(self, id_: int) -> Document:
        """Make one pending again."""

    def journal(self, query: Mapping[str, Any]) -> Document:
        """List what was written."""

    def entry(self, id_: int) -> Document:
        """Tell what was written to one thing."""

    def undo(self, id_: int, asked: Document) -> Document:
        """Undo one write."""

    def undo_group(self, group: str, asked: Document) -> Document:
        """Undo what was written together."""


class ServedDesk:
    """`Desk` of a running service."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    def recommendations(self, query: Mapping[str, Any]) -> Document:
        """See `Desk`."""
        return dict(self._service.get("/recommendations", query))

    def recommendation(self, id_: int) -> Document:
        """See `Desk`."""
        return dict(self._service.get(f"/recommendations/{id_}"))

    def accept(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", f"/recommendations/{id_}/accept", asked))

    def accept_many(self, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", "/recommendations/accept", asked))

    def dismiss(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", f"/recommendations/{id_}/dismiss", asked))

    def dismiss_many(self, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", "/recommendations/dismiss", asked))

    def reopen(self, id_: int) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", f"/recommendations/{id_}/reopen"))

    def journal(self, query: Mapping[str, Any]) -> Document:
        """See `Desk`."""
        return dict(self._service.get("/journal", query))

    def entry(self, id_: int) -> Document:
        """See `Desk`."""
        return dict(self._service.get(f"/journal/{id_}"))

    def undo(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", f"/journal/{id_}/undo", asked))

    def undo_group(self, group: str, asked: Document) -> Document:
        """See `Desk`."""
        return dict(self._service.send("POST", f"/journal/groups/{group}/undo", asked))


class LocalDesk:
    """`Desk` of this process, with what the service's routes do."""

    def __init__(self, services: Services) -> None:
        from stash_sense.api.crop_links import CropLinks
        from stash_sense.api.routers import journal, recommendations

        self._links = CropLinks(None)  # nobody is there to open them
        self._services = services
        self._journal = journal
        self._recommendations = recommendations

    def recommendations(self, query: Mapping[str, Any]) -> Document:
        """See `Desk`."""
        from stash_sense.recommendations.recommendation import Status
        from stash_sense.recommendations.store import Sort

        told = {**query, "type_": query.get("type"), "sort": Sort(query.get("sort", Sort.NEWEST))}
        told["status"] = [Status(one) for one in query.get("status", ())]
        told.pop("type", None)
        return _document(self._recommendations.list_recommendations(self._services, self._links, **told))

    def recommendation(self, id_: int) -> Document:
        """See `Desk`."""
        return _document(self._recommendations.get_recommendation(self._services, self._links, id_))

    def accept(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        body = self._recommendations.AcceptBody.model_validate(asked)
        return _document(self._recommendations.accept(self._services, id_, body))

    def accept_many(self, asked: Document) -> Document:
        """See `Desk`."""
        body = self._recommendations.AcceptManyBody.model_validate(asked)
        return _document(self._recommendations.accept_many(self._services, body))

    def dismiss(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        body = self._recommendations.DismissBody.model_validate(asked)
        return _document(self._recommendations.dismiss(self._services, id_, body))

    def dismiss_many(self, asked: Document) -> Document:
        """See `Desk`."""
        body = self._recommendations.DismissManyBody.model_validate(asked)
        return _document(self._recommendations.dismiss_many(self._services, body))

    def reopen(self, id_: int) -> Document:
        """See `Desk`."""
        return _document(self._recommendations.reopen(self._services, id_))

    def journal(self, query: Mapping[str, Any]) -> Document:
        """See `Desk`."""
        return _document(self._journal.list_journal(self._services, **query))

    def entry(self, id_: int) -> Document:
        """See `Desk`."""
        return _document(self._journal.get_entry(self._services, id_))

    def undo(self, id_: int, asked: Document) -> Document:
        """See `Desk`."""
        return _document(self._journal.undo_entry(self._services, id_, self._journal.UndoBody.model_validate(asked)))

    def undo_group(self, group: str, asked: Document) -> Document:
        """See `Desk`."""
        body = self._journal.UndoBody.model_validate(asked)
        return _document(self._journal.undo_group(self._services, group, body))


def desk_of(services: Services) -> Desk:
    """Return the service's, where one runs on the data folder, else that of this process."""
    service = service_here(services)
    return LocalDesk(services) if service is None else ServedDesk(service)


def _document(model: BaseModel) -> Document:
    return model.model_dump(mode="json")
