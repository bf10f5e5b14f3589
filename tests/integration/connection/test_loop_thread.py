"""Other threads call what lives on the loop, and can stop waiting for it."""

import asyncio
import threading

import pytest
from tests.queue_files import until

from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.errors import Cancelled, StashNotSet
from stash_sense.kernel.cancel import CancelToken


async def where() -> str:
    return threading.current_thread().name


async def refuse() -> None:
    raise StashNotSet


async def wait_long() -> None:
    await asyncio.sleep(3600)


def alive(name: str) -> bool:
    return name in {thread.name for thread in threading.enumerate()}


def test_work_is_done_on_a_thread_of_its_own_that_begins_when_it_is_needed() -> None:
    loop = LoopThread("a-loop")
    assert not alive("a-loop")
    assert loop.call(where, CancelToken()) == "a-loop"
    with pytest.raises(StashNotSet):
        loop.call(refuse, CancelToken())
    loop.close()
    assert not alive("a-loop")
    loop.close()
    assert loop.call(where, CancelToken()) == "a-loop"
    loop.close()


def test_a_timeout_of_the_work_is_its_own() -> None:
    async def late() -> None:
        async with asyncio.timeout(0.001):
            await wait_long()

    loop = LoopThread("a-loop")
    with pytest.raises(TimeoutError):
        loop.call(late, CancelToken())
    loop.close()


def test_who_is_asked_to_stop_stops_waiting_and_so_does_the_work() -> None:
    ended = threading.Event()

    async def work() -> None:
        try:
            await wait_long()
        finally:
            ended.set()

    loop, cancel = LoopThread("a-loop"), CancelToken()
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(Cancelled):
        loop.call(work, cancel)
    assert ended.wait(30)
    loop.close()


def test_closing_ends_what_runs_and_those_who_wait_for_it() -> None:
    loop, heard = LoopThread("a-loop"), list[BaseException]()
    background = loop.begin(wait_long)

    def call() -> None:
        try:
            loop.call(wait_long, CancelToken())
        except Cancelled as error:
            heard.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: alive("a-loop"))
    loop.close()
    caller.join(30)
    assert len(heard) <= 1  # it may have come after the end, and then begun anew
    assert background.cancelled() or background.done()
    loop.close()
    caller.join(30)
    assert not caller.is_alive()
    assert len(heard) == 1
