"""Resources that many threads want at once; threads are held at gates, so it does not matter how fast they are."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from tests.queue_files import PATIENCE, until
from tests.unit.resources.things import Maker, MatrixDamaged, Thing

from stash_sense.errors import Cancelled, ResourceNeedsItself
from stash_sense.kernel.cancel import CancelToken
from stash_sense.resources.registry import Handle, ResourceRegistry
from stash_sense.resources.resource import Resource, ResourceState

CROWD = 32


@pytest.fixture
def registry() -> ResourceRegistry:
    return ResourceRegistry(give_back=lambda: None)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CROWD + 1) as pool:
        yield pool


def users(registry: ResourceRegistry) -> int:
    return sum(status.users for status in registry.status())


def used(handle: Handle[Thing], cancel: CancelToken | None = None) -> Thing:
    with handle.require(cancel) as thing:
        return thing


def crowded(
    registry: ResourceRegistry, threads: ThreadPoolExecutor, maker: Maker, cancel: CancelToken | None = None
) -> list[Future[Thing]]:
    """Let one thread load behind a closed gate and the others wait for it."""
    maker.gate.clear()
    handle = registry.register(maker.resource())
    first = threads.submit(used, handle)
    assert maker.loading.wait(PATIENCE)
    others = [threads.submit(used, handle, cancel) for _ in range(CROWD - 1)]
    until(lambda: users(registry) == CROWD)
    return [first, *others]


def test_however_many_ask_there_is_one_load(registry: ResourceRegistry, threads: ThreadPoolExecutor) -> None:
    maker = Maker()
    answers = crowded(registry, threads, maker)
    assert registry.status()[0].state is ResourceState.LOADING
    maker.gate.set()
    assert len({id(answer.result(PATIENCE)) for answer in answers}) == 1
    assert (maker.loads, users(registry)) == (1, 0)


def test_a_failed_load_is_an_error_to_all_who_waited_for_it(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    maker = Maker()
    maker.error = MatrixDamaged(path="a")
    answers = crowded(registry, threads, maker)
    maker.gate.set()
    errors = [answer.exception(PATIENCE) for answer in answers]
    assert {type(error) for error in errors} == {MatrixDamaged}
    assert {str(error) for error in errors} == {"The matrix a is damaged."}
    assert len({id(error) for error in errors}) == CROWD, "each has an error of its own"
    assert (maker.loads, users(registry)) == (1, 0)


def test_when_the_one_who_loads_is_stopped_another_takes_over(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    maker = Maker()
    stopped = [Cancelled()]

    def stop_the_first() -> None:
        if stopped:
            raise stopped.pop()

    maker.before = stop_the_first
    answers = crowded(registry, threads, maker)
    maker.gate.set()
    assert isinstance(answers[0].exception(PATIENCE), Cancelled)
    assert len({id(answer.result(PATIENCE)) for answer in answers[1:]}) == 1
    assert maker.loads == 2


def test_who_waits_can_be_stopped_and_the_load_goes_on(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    maker, token = Maker(), CancelToken()
    first, *others = crowded(registry, threads, maker, token)
    token.cancel()
    assert {type(other.exception(PATIENCE)) for other in others} == {Cancelled}
    assert users(registry) == 1
    maker.gate.set()
    assert isinstance(first.result(PATIENCE), Thing)
    assert (maker.loads, registry.status()[0].state) == (1, ResourceState.LOADED)


def test_nothing_is_unloaded_while_somebody_waits_for_it(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    maker = Maker()
    answers = crowded(registry, threads, maker)
    assert registry.unload_idle(0) == []
    maker.gate.set()
    for answer in answers:
        answer.result(PATIENCE)
    assert registry.unload_idle(0) == ["thing"]


def test_what_is_deregistered_while_it_loads_still_serves_all_who_wait(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    maker = Maker()
    maker.gate.clear()
    handle = registry.register(maker.resource())
    answers = [threads.submit(used, handle) for _ in range(CROWD)]
    until(lambda: users(registry) == CROWD)
    handle.deregister()
    maker.gate.set()
    assert len({id(answer.result(PATIENCE)) for answer in answers}) == 1
    assert (maker.loads, len(maker.unloaded), registry.status()) == (1, 1, [])


def test_who_asks_during_an_unload_waits_and_loads_anew(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    alive: list[Thing] = []

    def load() -> Thing:
        assert not alive, "two at once would need the memory twice"
        alive.append(Thing())
        return alive[0]

    def unload(_: Thing) -> None:
        begun.set()
        go_on.wait(PATIENCE)
        alive.clear()

    handle = registry.register(Resource("thing", load, unload))
    first = used(handle)
    unloading = threads.submit(registry.unload_idle, 0)
    assert begun.wait(PATIENCE)
    assert registry.status()[0].state is ResourceState.UNLOADING
    second = threads.submit(used, handle)
    until(lambda: users(registry) == 1)
    go_on.set()
    assert unloading.result(PATIENCE) == ["thing"]
    assert second.result(PATIENCE) is not first


def test_two_loads_that_wait_for_each_other_are_refused(
    registry: ResourceRegistry, threads: ThreadPoolExecutor
) -> None:
    both_load = threading.Barrier(2)
    handles: dict[str, Handle[Thing]] = {}

    def load(other: str) -> Thing:
        both_load.wait(PATIENCE)
        return used(handles[other])

    for name, other in (("one", "two"), ("two", "one")):
        handles[name] = registry.register(Resource(name, partial(load, other)))
    answers = [threads.submit(used, handle) for handle in handles.values()]
    assert [type(answer.exception(PATIENCE)) for answer in answers] == [ResourceNeedsItself] * 2
    assert users(registry) == 0


def test_many_threads_never_see_an_unloaded_resource(registry: ResourceRegistry, threads: ThreadPoolExecutor) -> None:
    class Matrix:
        def __init__(self) -> None:
            self.loaded = True

    counts = {"loads": 0, "unloads": 0, "alive": 0, "most alive": 0}
    guard = threading.Lock()

    def load() -> Matrix:
        with guard:
            counts["loads"] += 1
            if counts["loads"] % 7 == 0:
                raise MatrixDamaged(path="a")
            counts["alive"] += 1
            counts["most alive"] = max(counts["most alive"], counts["alive"])
        return Matrix()

    def unload(matrix: Matrix) -> None:
        matrix.loaded = False
        with guard:
            counts["unloads"] += 1
            counts["alive"] -= 1

    handle = registry.register(Resource("matrix", load, unload))

    def work(seed: int) -> int:
        chance, answered = random.Random(seed), 0  # noqa: S311 - a seeded choice of what to do
        for _ in range(60):
            if chance.random() < 0.3:
                registry.unload_idle(0)
                continue
            try:
                with handle.require(CancelToken()) as matrix:
                    assert matrix.loaded
                    answered += 1
            except MatrixDamaged:
                pass
        return answered

    assert sum(threads.map(work, range(16))) > 0
    registry.unload_idle(0)
    failures = counts["loads"] // 7
    assert counts["alive"] == 0
    assert counts["most alive"] == 1
    assert counts["loads"] - failures == counts["unloads"] > 0
    assert users(registry) == 0
