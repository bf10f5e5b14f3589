"""What is checked before a job is put into the queue, where its payload alone does not tell if it can be done."""

from collections.abc import Callable, Mapping
from typing import Any

from stash_sense.bootstrap import Services
from stash_sense.operations.database_build import DATABASE_BUILD, BuildRequest, check_build


def admit(services: Services, kind: str, payload: Mapping[str, Any]) -> None:
    """Check a job that somebody wants to submit.

    Raises:
        JobPayloadInvalid: it cannot be given that.
        JobError: it should not be done as it is.
    """
    if check := _CHECKS.get(kind):
        check(services, services.operations.catalogue.get(kind).read(payload))


def _check_build(services: Services, asked: BuildRequest) -> None:
    check_build(asked, services.performers, services.cancel)


_CHECKS: Mapping[str, Callable[[Services, Any], None]] = {DATABASE_BUILD: _check_build}
