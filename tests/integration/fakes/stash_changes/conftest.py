from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.integration.fakes.stash_changes.asking import Asking

from stash_sense.fakes.stash.profiles import Profile


@pytest.fixture
def stash_of() -> Iterator[Callable[[Profile], Asking]]:
    """Make simulated servers of any profile."""
    with ExitStack() as ends:

        def made(profile: Profile) -> Asking:
            asking = Asking(profile)
            ends.callback(asking.stash.close)
            return asking

        yield made


@pytest.fixture
def stash(stash_of: Callable[[Profile], Asking]) -> Asking:
    """The recorded server, before 0.31."""
    return stash_of(Profile.RECORDED)
