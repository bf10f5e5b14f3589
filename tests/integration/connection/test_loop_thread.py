"""Other threads call what lives on the loop, and can stop waiting for it."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.queue_files import until

from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.errors import Cancelled, StashNotSet
from stash_sense.fakes.stash.server import simulated_stash
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


OF_SERVICES = """
from stash_sense.bootstrap import build
from stash_sense.settings import load_settings

services = build(load_settings())
assert services.check_stash().server is not None
raise RuntimeError("nobody closes it")
"""
OF_A_LOOP = """
import asyncio
from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.kernel.cancel import CancelToken

loop = LoopThread("a-loop")
loop.call(lambda: asyncio.sleep(0), CancelToken())
raise RuntimeError("nobody closes it")
"""


@pytest.mark.parametrize("script", [OF_SERVICES, OF_A_LOOP], ids=["services", "a loop"])
def test_a_process_ends_although_nobody_closes_what_it_has_opened(script: str, tmp_path: Path) -> None:
    with simulated_stash() as stash:
        told = {"STASH_URL": stash.url, "STASH_SENSE_DATA_DIR": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, **told}, capture_output=True, timeout=60, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.endswith(b"RuntimeError: nobody closes it\n")
