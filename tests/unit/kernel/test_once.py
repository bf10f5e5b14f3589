import threading
from dataclasses import dataclass, field
from typing import Any

from tests.queue_files import PATIENCE

from stash_sense.kernel.once import once


@dataclass(frozen=True)
class Owner:
    made: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    _making: dict[str, Any] = field(default_factory=dict)
    alone: Any = field(default_factory=threading.Lock)

    @once
    def slow(self) -> object:
        """Takes until it is told to go on."""
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        self.made.append("slow")
        return object()

    @once
    def needs_it(self) -> tuple[object, str]:
        """Needs another one while it is made."""
        return self.slow, "and more"

    @once
    def under_a_lock(self) -> str:
        """Takes a lock that others hold while they ask for something."""
        self.begun.set()
        with self.alone:
            return "made"

    @once
    def quick(self) -> str:
        """Needs nothing."""
        return "quick"


def test_who_makes_one_keeps_nobody_from_another() -> None:
    owner, other = Owner(), Owner()
    with owner.alone:
        thread = threading.Thread(target=lambda: owner.under_a_lock)
        thread.start()
        assert owner.begun.wait(PATIENCE)
        got: list[str] = []
        asks = [threading.Thread(target=lambda: got.append(owner.quick), daemon=True)]
        asks += [threading.Thread(target=lambda: got.append(other.under_a_lock), daemon=True)]
        for ask in asks:
            ask.start()
        for ask in asks:
            ask.join(PATIENCE)
        assert sorted(got) == ["made", "quick"]
    thread.join(PATIENCE)
    assert owner.under_a_lock == "made"


def test_however_many_threads_ask_it_is_made_once() -> None:
    owner = Owner()
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(owner.slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert owner.begun.wait(PATIENCE)
    owner.go_on.set()
    for thread in threads:
        thread.join()
    assert owner.made == ["slow"]
    assert len({id(one) for one in got}) == 1


def test_one_may_need_another_while_it_is_made() -> None:
    owner = Owner()
    owner.go_on.set()
    assert owner.needs_it == (owner.slow, "and more")


def test_each_owner_has_its_own() -> None:
    one, other = Owner(), Owner()
    one.go_on.set()
    other.go_on.set()
    assert one.slow is not other.slow
