import gc
import logging
import weakref
from contextlib import ExitStack
from functools import partial

import pytest
from tests.unit.resources.things import Clock, Maker, MatrixDamaged, Thing

from stash_sense.errors import Cancelled, ResourceNeedsItself, ResourceNotLoaded
from stash_sense.kernel.cancel import CancelToken
from stash_sense.resources.registry import Handle, ResourceRegistry
from stash_sense.resources.resource import Resource, ResourceState, ResourceStatus


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> ResourceRegistry:
    return ResourceRegistry(idle_seconds=1800, give_back=lambda: None, clock=clock)


def state(registry: ResourceRegistry) -> ResourceState:
    (status,) = registry.status()
    return status.state


def test_nothing_is_loaded_before_it_is_required(registry: ResourceRegistry) -> None:
    maker = Maker()
    registry.register(maker.resource())
    assert maker.loads == 0
    assert registry.status() == [
        ResourceStatus("thing", ResourceState.UNLOADED, True, 0, None, None, None, ""),
    ]


def test_what_is_loaded_stays_for_the_next(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    with handle.require() as first:
        pass
    with handle.require() as second, handle.require() as third:
        assert first is second is third
    assert (maker.loads, maker.unloaded) == (1, [])


def test_the_status_tells_since_when_by_how_many_and_how_large(registry: ResourceRegistry, clock: Clock) -> None:
    handle = registry.register(Maker().resource())
    with handle.require():
        clock.now += 10
        with handle.require():
            assert registry.status() == [
                ResourceStatus("thing", ResourceState.LOADED, True, 2, 10.0, 0.0, 123, ""),
            ]
    clock.now += 5
    assert registry.status() == [ResourceStatus("thing", ResourceState.LOADED, True, 0, 15.0, 5.0, 123, "")]


def test_the_size_may_be_unknown(registry: ResourceRegistry) -> None:
    with registry.register(Resource("text", lambda: "text")).require() as text:
        assert text == "text"
        assert registry.status()[0].bytes is None


def test_only_what_nobody_used_for_long_enough_is_unloaded(registry: ResourceRegistry, clock: Clock) -> None:
    old, used, fresh = Maker("old"), Maker("used"), Maker("fresh")
    handles = [registry.register(maker.resource()) for maker in (old, used, fresh)]
    with handles[0].require():
        pass
    with handles[1].require():
        clock.now += 1799
        with handles[2].require():
            pass
        assert registry.unload_idle() == []
        clock.now += 1
        assert registry.unload_idle() == ["old"]
        clock.now += 100_000
        assert registry.unload_idle() == ["fresh"]
    assert [len(maker.unloaded) for maker in (old, used, fresh)] == [1, 0, 1]
    assert registry.unload_idle() == [], "what was just left is not idle yet"
    assert registry.unload_idle(0) == ["used"]
    assert [status.state for status in registry.status()] == [ResourceState.UNLOADED] * 3


def test_what_was_unloaded_is_loaded_again_when_required(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    for _ in range(3):
        with handle.require():
            pass
        registry.unload_idle(0)
    assert (maker.loads, len(maker.unloaded)) == (3, 3)


def test_unloading_keeps_no_reference(registry: ResourceRegistry) -> None:
    handle = registry.register(Resource("thing", Thing))

    def use() -> weakref.ref[Thing]:
        with handle.require() as thing:
            return weakref.ref(thing)

    kept = use()
    assert kept() is not None
    registry.unload_idle(0)
    assert kept() is None


def test_memory_is_given_back_after_each_unload(clock: Clock) -> None:
    alive: list[weakref.ref[Thing]] = []
    seen = []
    registry = ResourceRegistry(give_back=lambda: seen.append([kept() for kept in alive]), clock=clock)

    def load() -> Thing:
        thing = Thing()
        alive.append(weakref.ref(thing))
        return thing

    handle = registry.register(Resource("thing", load))
    with handle.require():
        pass
    registry.unload_idle(0)
    assert seen == [[None]], "the last reference goes before memory is given back"


def test_without_being_told_how_circles_of_references_are_collected(clock: Clock) -> None:
    class Circle:
        def __init__(self) -> None:
            self.itself = self

    registry = ResourceRegistry(clock=clock)
    handle = registry.register(Resource("circle", Circle))

    def use() -> weakref.ref[Circle]:
        with handle.require() as circle:
            return weakref.ref(circle)

    gc.disable()
    try:
        kept = use()
        registry.unload_idle(0)
        assert kept() is None
    finally:
        gc.enable()


def test_a_failed_load_is_an_error_and_the_next_use_tries_again(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    maker.error = MatrixDamaged(path="a")
    with pytest.raises(MatrixDamaged) as caught, handle.require():
        pass
    assert caught.value is maker.error
    (status,) = registry.status()
    assert (status.state, status.users, status.last_error) == (ResourceState.FAILED, 0, "The matrix a is damaged.")
    maker.error = None
    with handle.require() as thing:
        assert isinstance(thing, Thing)
    (status,) = registry.status()
    assert (status.state, status.last_error, maker.loads) == (ResourceState.LOADED, "", 2)


def test_an_error_that_is_not_ours_is_told_in_our_words(registry: ResourceRegistry) -> None:
    maker = Maker("the search matrix")
    handle = registry.register(maker.resource())
    for error, reason in ((MemoryError(), "MemoryError"), (OSError("it is gone"), "it is gone")):
        maker.error = error
        with pytest.raises(ResourceNotLoaded) as caught, handle.require():
            pass
        assert str(caught.value).startswith(f"the search matrix could not be loaded ({reason}); ")
        assert caught.value.__cause__ is error


def test_a_loader_that_is_stopped_has_not_failed(registry: ResourceRegistry) -> None:
    maker = Maker()
    maker.error = Cancelled()
    with pytest.raises(Cancelled), registry.register(maker.resource()).require():
        pass
    assert state(registry) is ResourceState.UNLOADED


def test_who_was_asked_to_stop_gets_nothing(registry: ResourceRegistry) -> None:
    maker, token = Maker(), CancelToken()
    handle = registry.register(maker.resource())
    token.cancel()
    with pytest.raises(Cancelled), handle.require(token):
        pass
    assert (maker.loads, registry.status()[0].users) == (0, 0)


def test_an_error_of_the_user_leaves_the_resource_as_it_is(registry: ResourceRegistry) -> None:
    handle = registry.register(Maker().resource())
    with pytest.raises(KeyError), handle.require():
        raise KeyError
    (status,) = registry.status()
    assert (status.state, status.users) == (ResourceState.LOADED, 0)


def test_an_unloader_that_fails_is_logged_and_the_resource_is_gone(
    registry: ResourceRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    maker, other = Maker(), Maker("other")
    handles = [registry.register(made.resource()) for made in (maker, other)]
    for handle in handles:
        with handle.require():
            pass
    maker.unload_error = OSError("the device is busy")
    with caplog.at_level(logging.ERROR):
        assert registry.unload_idle(0) == ["thing", "other"]
    assert "thing could not be unloaded" in caplog.text
    assert [status.last_error for status in registry.status()] == ["the device is busy", ""]
    with handles[0].require():
        assert registry.status()[0].state is ResourceState.LOADED
    assert maker.loads == 2


def test_memory_that_the_system_does_not_take_back_hinders_nobody(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise OSError("there is no such library")

    registry = ResourceRegistry(give_back=refuse, clock=clock)
    first, second = (registry.register(Maker(name).resource()) for name in ("first", "second"))
    for handle in (first, second):
        with handle.require():
            pass
    with caplog.at_level(logging.ERROR):
        assert registry.unload_idle(0) == ["first", "second"]
    assert "memory of first could not be given back" in caplog.text
    with first.require():
        first.deregister()
    assert [status.name for status in registry.status()] == ["second"]


def test_a_name_is_registered_once_at_a_time(registry: ResourceRegistry) -> None:
    handle = registry.register(Maker().resource())
    with pytest.raises(ValueError, match="thing is registered already"):
        registry.register(Maker().resource())
    with handle.require():
        handle.deregister()
        registry.register(Maker().resource())
        assert [status.registered for status in registry.status()] == [False, True]
    assert [status.registered for status in registry.status()] == [True]


def test_deregistering_unloads_at_once_what_nobody_uses(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    with handle.require():
        pass
    handle.deregister()
    handle.deregister()
    assert (len(maker.unloaded), registry.status()) == (1, [])


def test_what_is_deregistered_in_use_goes_with_its_last_user(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    with ExitStack() as first, ExitStack() as second:
        thing = first.enter_context(handle.require())
        handle.deregister()
        assert second.enter_context(handle.require()) is thing
        first.close()
        assert maker.unloaded == []
        assert registry.status()[0].registered is False
    assert (maker.unloaded, registry.status()) == ([thing], [])


def test_a_handle_works_on_after_deregistering_but_keeps_nothing(registry: ResourceRegistry) -> None:
    maker = Maker()
    handle = registry.register(maker.resource())
    handle.deregister()
    with handle.require():
        assert registry.status()[0].state is ResourceState.LOADED
    assert (maker.loads, len(maker.unloaded), registry.status()) == (1, 1, [])


def test_a_loader_may_require_another_resource(registry: ResourceRegistry) -> None:
    inner, outer = Maker("inner"), Maker("outer")
    below = registry.register(inner.resource())

    def load() -> Thing:
        with below.require():
            return outer.load()

    with registry.register(Resource("outer", load)).require():
        assert [status.state for status in registry.status()] == [ResourceState.LOADED] * 2
    assert (inner.loads, outer.loads) == (1, 1)


def test_a_resource_may_use_another_for_as_long_as_it_is_loaded(registry: ResourceRegistry, clock: Clock) -> None:
    inner = Maker("inner")
    below = registry.register(inner.resource())

    def load() -> ExitStack:
        kept = ExitStack()
        kept.enter_context(below.require())
        return kept

    above = registry.register(Resource("outer", load, ExitStack.close))
    with above.require():
        pass
    clock.now += 1800
    assert registry.unload_idle() == ["outer"], "inner was used until just now"
    clock.now += 1800
    assert registry.unload_idle() == ["inner"]
    with above.require():
        pass
    registry.close()
    assert (registry.status(), inner.loads, len(inner.unloaded)) == ([], 2, 2)


def test_a_loader_that_requires_itself_is_refused(registry: ResourceRegistry) -> None:
    handles: list[Handle[Thing]] = []

    def requiring(place: int) -> Thing:
        with handles[place].require() as thing:
            return thing

    for place, name in enumerate(("one", "two", "three")):
        handles.append(registry.register(Resource(name, partial(requiring, (place + 1) % 3))))
    with pytest.raises(ResourceNeedsItself) as caught, handles[1].require():
        pass
    assert caught.value.fields == {"resource": "two"}
    assert [status.users for status in registry.status()] == [0, 0, 0]
    assert {status.state for status in registry.status()} == {ResourceState.FAILED}


def test_closing_leaves_what_is_in_use_to_its_users(registry: ResourceRegistry) -> None:
    used, unused = Maker("used"), Maker("unused")
    handles = [registry.register(maker.resource()) for maker in (used, unused)]
    with handles[0].require():
        with handles[1].require():
            pass
        registry.close()
        assert (len(used.unloaded), len(unused.unloaded)) == (0, 1)
    assert (len(used.unloaded), registry.status()) == (1, [])


def test_what_cannot_tell_its_size_is_used_all_the_same(registry: ResourceRegistry) -> None:
    maker = Maker()

    def bytes_of(thing: Thing) -> int:
        raise ValueError("nobody knows")

    handle = registry.register(Resource("thing", maker.load, maker.unload, bytes_of))
    with handle.require():
        (status,) = registry.status()
        assert (status.state, status.bytes) == (ResourceState.LOADED, None)
    assert registry.unload_idle(0) == ["thing"]
    assert len(maker.unloaded) == 1
