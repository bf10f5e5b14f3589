"""Whatever the description allows or forbids is sent to the real service: it never meets a fault of ours."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, cast

import pytest
import requests
import schemathesis
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from tests.running_service import FakeServices, RunningService, fake_services, running

from stash_sense.api.openapi import describe
from stash_sense.errors import SourceUnknown
from stash_sense.releases.folders import LocalFolder
from stash_sense.releases.ports import ReleaseSource

EXAMPLES = 12
THERE: dict[str, Any] = {"job_id": 1, "job_type": "maintenance", "key": "top_k"}
"""What the service has, by the names of parameters: words made by chance name nothing, and are all answered alike."""


class OfflineServices(FakeServices):
    """Takes releases from folders alone, so that nothing leaves the machine."""

    def release_source(self, text: str) -> ReleaseSource:
        source = super().release_source(text)
        if not isinstance(source, LocalFolder):
            raise SourceUnknown(source=text, reason="it is not on this machine")
        return source


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    services = OfflineServices(**vars(fake_services(tmp_path_factory.mktemp("service"))))
    services.fake.go_on.set()
    with running(services) as service:
        yield service


def test_no_request_is_answered_with_a_fault(service: RunningService) -> None:
    schema = schemathesis.openapi.from_dict(describe(service.app))
    operations: list[Any] = [found.ok() for found in cast(Any, schema.get_all_operations())]
    assert len(operations) >= 10

    answered = Counter[int]()

    told = {"Authorization": f"Bearer {service.token}"}
    with service.client() as client:
        assert client.post("/queue", json={"type": "maintenance"}).json()["job"]["id"] == THERE["job_id"]

    with requests.Session() as session:
        session.trust_env = False

        def ask(case: Any, there: bool) -> None:
            if there:
                _name_what_is_there(case)
            if case.path == "/events/stream":  # it has no end
                return
            if case.path == "/events" and case.query:
                case.query.pop("wait", None)
            try:
                answer = case.call(base_url=service.url, headers=told, session=session)
            except requests.exceptions.InvalidHeader:  # the client itself refuses to send it
                return
            answered[answer.status_code] += 1
            assert answer.status_code < 500 or answer.status_code in (502, 503), answer.text
            if answer.status_code >= 400 and case.path != "/health/ready":
                assert set(answer.json()) == {"error"}, answer.text
                assert answer.json()["error"]["code"] != "internal_fault"

        for operation in operations:
            for mode, there in product(schemathesis.GenerationMode, (False, True)):
                _every(operation.as_strategy(generation_mode=mode), partial(ask, there=there))
    assert answered[200] >= EXAMPLES
    assert answered[422] >= EXAMPLES


def _name_what_is_there(case: Any) -> None:
    named = THERE.keys() & (case.path_parameters or {}).keys()
    case.path_parameters = {**(case.path_parameters or {}), **{name: THERE[name] for name in named}}
    if case.path == "/queue" and isinstance(case.body, dict):
        case.body["type"] = "database_check"


def _every(cases: st.SearchStrategy[Any], ask: Callable[[Any], None]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def run(case: Any) -> None:
        ask(case)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with what takes no parameters
        run()
