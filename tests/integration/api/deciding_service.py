"""A service with a simulated Stash and recommendations in its state, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.integration.recommendations.desk import PNG
from tests.running_service import FakeServices, fake_services, running
from tests.stash_library import library

from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.recommendations.recommendation import Recommendation
from stash_sense.recommendations.types import RecommendationType
from stash_sense.recommendations.unidentified import UNIDENTIFIED_SCENE, SuggestedPerson, UnidentifiedDetails


class PicturingServices(FakeServices):
    """Services that have the same picture of everybody."""

    def portrait_of(self, *_: Any) -> bytes:
        return PNG


@dataclass
class Office:
    """All of it."""

    stash: SimulatedStash
    services: FakeServices
    client: httpx2.Client

    def recommend(
        self, *people: SuggestedPerson, target: str = "2", type_: RecommendationType = UNIDENTIFIED_SCENE
    ) -> int:
        return recommend(self.services, *people, target=target, type_=type_)

    def one(self, id_: int) -> Recommendation:
        found = self.services.recommendations.get(id_)
        assert found is not None
        return found

    def asked(self, method: str, path: str, answers: int = 200, document: Any = None, **query: Any) -> Any:
        answer = self.client.request(method, path, json=document, params=query or None)
        assert answer.status_code == answers, answer.text
        return answer.json()

    def performers_of(self, table: str, id_: int) -> set[int]:
        return {int(one) for one in self.stash.state.tables[table][id_]["performers"]}


def recommend(
    services: FakeServices,
    *people: SuggestedPerson,
    target: str = "2",
    type_: RecommendationType = UNIDENTIFIED_SCENE,
) -> int:
    details = UnidentifiedDetails(title=f"Scene {target}", pack="lite", database="2026.11.22", people=people)
    (submitted,) = services.recommendations.submit([type_.new(target, details, people[0].probability)])
    return submitted.id


@contextmanager
def office(folder: Path, scenes: int = 3, **more: Any) -> Iterator[Office]:
    with simulated_stash(library=library(scenes)) as stash:
        services = PicturingServices(**vars(fake_services(folder, STASH_URL=stash.url, **more)))
        with running(services) as service, service.client() as client:
            yield Office(stash, services, client)
