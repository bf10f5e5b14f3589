import threading

from tests.queue_files import until
from tests.unit.resources.things import Clock, Maker

from stash_sense.configuration.catalogue import shipped_registry
from stash_sense.resources.idle_check import CHECK_SECONDS, IdleCheck
from stash_sense.resources.registry import IDLE_SECONDS, ResourceRegistry


def checks() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "idle-check"]


def test_what_is_idle_is_unloaded_in_the_background_and_what_is_used_is_not() -> None:
    clock = Clock()
    registry = ResourceRegistry(give_back=lambda: None, clock=clock)
    used, idle = Maker("used"), Maker("idle")
    handles = [registry.register(maker.resource()) for maker in (used, idle)]
    with IdleCheck(registry, every=0.001):
        with handles[1].require():
            pass
        with handles[0].require():
            clock.now += 2 * IDLE_SECONDS
            until(lambda: idle.unloaded)
            assert used.unloaded == []
        clock.now += IDLE_SECONDS
        until(lambda: used.unloaded)
    assert (len(used.unloaded), len(idle.unloaded)) == (1, 1)


def test_it_lives_from_start_to_stop() -> None:
    check = IdleCheck(ResourceRegistry())
    check.stop()
    for _ in range(3):
        check.start()
        check.start()
        (thread,) = checks()
        assert thread.daemon
        check.stop()
        check.stop()
        assert checks() == []


def test_without_a_setting_it_is_half_an_hour_looked_at_every_minute() -> None:
    assert (CHECK_SECONDS, IDLE_SECONDS) == (60.0, 1800.0)
    assert shipped_registry()["resource_idle_seconds"].fallback == IDLE_SECONDS
