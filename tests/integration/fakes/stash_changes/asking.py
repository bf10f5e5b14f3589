"""Asks a simulated Stash in the same process: documents for one row, and what they answer or why they are refused."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from stash_sense.fakes.graphql.engine import Answer, Operation
from stash_sense.fakes.stash.fields import Context
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.fakes.stash.state import State

TINY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="


class ManualClock:
    """A clock that moves when it is told to; it begins on 2 January 2026 at 03:04:05 in UTC."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def pass_seconds(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def _library() -> dict[str, Any]:
    def video(name: str) -> dict[str, Any]:
        return {"path": f"/library/{name}.mp4", "size": 10, "duration": 4.0, "fingerprints": []}

    picture = {"path": "/library/one.png", "size": 5, "width": 4, "height": 4, "fingerprints": []}
    return {
        "scenes": [{"id": "1", "files": [video("one")]}, {"id": "2", "files": [video("two")]}],
        "images": [{"id": "1", "visual_files": [picture]}],
        "galleries": [{"id": "1", "folder": {"path": "/library/set"}}],
    }


@dataclass
class Asking:
    """A simulated Stash with two scenes, an image and a gallery."""

    profile: Profile = Profile.RECORDED
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.stash = SimulatedStash(_library(), self.profile, clock=self.clock)

    @property
    def state(self) -> State:
        return self.stash.state

    def answer(self, document: str, **variables: Any) -> Answer:
        context = Context(self.state, "http://stash.example", self.stash, "OK")
        return self.stash.engine.execute(Operation(document, variables), context)

    def ask(self, document: str, **variables: Any) -> Any:
        """Return what the one field of a document answers."""
        body = self.answer(document, **variables).body
        assert "errors" not in body, body["errors"]
        (value,) = body["data"].values()
        return value

    def refused(self, document: str, **variables: Any) -> str:
        """Return why a document is refused, at 200."""
        answer = self.answer(document, **variables)
        assert answer.status == 200
        (error,) = answer.body["errors"]
        return str(error["message"])

    def make(self, kind: str, fields: str, **given: Any) -> Any:
        return self.ask(_document(kind, "Create", fields), i=given)

    def make_refused(self, kind: str, **given: Any) -> str:
        return self.refused(_document(kind, "Create", "id"), i=given)

    def update(self, kind: str, **given: Any) -> Any:
        return self.ask(_document(kind, "Update", "id"), i=given)

    def update_refused(self, kind: str, **given: Any) -> str:
        return self.refused(_document(kind, "Update", "id"), i=given)

    def bulk(self, kind: str, **given: Any) -> Any:
        return self.ask(_bulk(kind), i=given)

    def bulk_refused(self, kind: str, **given: Any) -> str:
        return self.refused(_bulk(kind), i=given)

    def see(self, kind: str, row_id: str, fields: str) -> Any:
        return self.ask(f"query($id:ID!){{find{kind.title()}(id:$id){{{fields}}}}}", id=row_id)

    def add_file(self, path: str) -> int:
        """Add a file that is of no scene."""
        with self.state.transaction():
            return int(self.state.insert("files", path=path, basename=path.rsplit("/", 1)[-1])["id"])


def _document(kind: str, change: str, fields: str) -> str:
    return f"mutation($i:{kind.title()}{change}Input!){{{kind}{change}(input:$i){{{fields}}}}}"


def _bulk(kind: str) -> str:
    return f"mutation($i:Bulk{kind.title()}UpdateInput!){{bulk{kind.title()}Update(input:$i){{id}}}}"
