"""Numbers for Prometheus."""

from fastapi import APIRouter, Response

from stash_sense.api.metrics import CONTENT_TYPE
from stash_sense.api.state import StateHere

router = APIRouter(tags=["system"])


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(state: StateHere) -> Response:
    """Tell Prometheus how the service is doing."""
    return Response(state.metrics.text(), headers={"content-type": CONTENT_TYPE})
