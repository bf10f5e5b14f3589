"""Tickets, with which a page opens an event socket."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from stash_sense.api.state import StateHere
from stash_sense.api.tickets import TICKET_SECONDS

router = APIRouter(tags=["events"])


class TicketAnswer(BaseModel):
    """A word that opens one event socket, once."""

    ticket: str = Field(description="To be sent as the query parameter `ticket`.")
    expires_in: float = Field(description="Seconds for which it is good.")


@router.post("/tickets", status_code=201)
async def make_ticket(state: StateHere) -> TicketAnswer:
    """Make a ticket: a page's sockets cannot carry the token, and an address must not."""
    return TicketAnswer(ticket=state.tickets.issue(), expires_in=TICKET_SECONDS)
