import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.queue_files import PATIENCE

from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash

LIBRARY = json.loads((Path(__file__).parents[3] / "data" / "stash_exchanges.json").read_text("utf-8"))["library"]
"""Three scenes (one landscape, one portrait, one without a file), an image, a gallery, two performers."""


class Visitor:
    """Somebody who asks a simulated Stash."""

    def __init__(self, stash: SimulatedStash, **headers: str) -> None:
        self.stash = stash
        self.http = httpx2.Client(base_url=stash.url, headers=headers, trust_env=False, timeout=PATIENCE)

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of an answer that has no errors."""
        told = self.http.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in told, told
        return told["data"]

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.http.get(path, headers=headers)


@pytest.fixture
def visit() -> Iterator[Callable[..., Visitor]]:
    """Start a simulated Stash with the library, and visit it."""
    with ExitStack() as stack:

        def start(**options: Any) -> Visitor:
            stash = stack.enter_context(simulated_stash(**{"library": LIBRARY, **options}))
            visitor = Visitor(stash)
            stack.callback(visitor.http.close)
            return visitor

        yield start
