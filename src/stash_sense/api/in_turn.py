"""What takes long and much memory, for one request: brought together, in its turn, unless the client leaves."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import anyio.to_thread
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from stash_sense.api.errors import answer_to, document_of, status_of_code
from stash_sense.api.recognising import LookFailed
from stash_sense.api.request_id import current_request_id
from stash_sense.api.state import State
from stash_sense.errors import Cancelled, ServiceStopping, StashSenseError
from stash_sense.kernel.cancel import CancelToken

Work = Callable[[], Any]
"""What takes long, with all that it needs; on a thread. Gives the answer."""
Bring = Callable[[CancelToken], AbstractAsyncContextManager[Work]]
"""Brings together what the work needs, before the turn, and lets it go in the end."""


class Begun(Exception):
    """The work takes too long for a request, and became a job; raised where it is brought together.

    Args:
        document: that tells about the job.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document)
        self.document = document


_LEFT = 499
"""What is noted where the client left before there was an answer; nobody reads it but the log."""


async def answered(request: Request, state: State, bring: Bring) -> Response:
    """Wait for the turn and do the work, unless the client leaves meanwhile."""
    cancel = CancelToken()
    answer: Response = Response(status_code=_LEFT)
    async with anyio.create_task_group() as group:

        async def left() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            cancel.cancel()
            group.cancel_scope.cancel()

        group.start_soon(left)
        answer = await _outcome(state, bring, cancel)
        group.cancel_scope.cancel()
    return answer


async def _outcome(state: State, bring: Bring, cancel: CancelToken) -> Response:
    """Return the answer; errors are answers here, for they must not take their way through a group of tasks."""
    outcome = "failed"
    try:
        async with bring(cancel) as work, state.turns.take(current_request_id(), cancel):
            result = await anyio.to_thread.run_sync(work, limiter=state.heavy)
        outcome = "identified"
        return JSONResponse(result)
    except Begun as begun:
        outcome = "begun"
        return JSONResponse(begun.document, 202)
    except LookFailed as failed:
        return JSONResponse(document_of(failed.code, failed.message), status_of_code(failed.code))
    except Cancelled:
        # Nobody reads this where the client has left; it is told where the service is being stopped.
        outcome = "cancelled"
        return answer_to(ServiceStopping())
    except StashSenseError as error:
        return answer_to(error)
    finally:
        cancel.cancel()  # where this task itself is ended, its thread is left to itself
        state.metrics.identified.labels(outcome).inc()
