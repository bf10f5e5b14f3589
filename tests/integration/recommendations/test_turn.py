"""One writer at a time, in a process and beside it; what one left open is settled before the next one writes."""

import asyncio
import subprocess
import sys
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.recommendations.desk import PNG, Bench, Desk, address_of, person
from tests.queue_files import PATIENCE

from stash_sense.adapters.store.journal_lock import JournalLock
from stash_sense.errors import StashConnectionLost, WritingBusy
from stash_sense.library.kinds import PERFORMERS, SCENES
from stash_sense.library.writing import Change
from stash_sense.recommendations.journal import values
from stash_sense.recommendations.journal.entry import EntryState, Intent, Operation, Verdict, Why
from stash_sense.recommendations.journal.planning import plan_change, plan_update
from stash_sense.recommendations.journal.settling import UNKNOWN, settle
from stash_sense.recommendations.journal.turn import Turn

CID = person("Cid", "3")
HOLD = """
import sys, time
from pathlib import Path
from stash_sense.adapters.store.journal_lock import JournalLock
lock = JournalLock(Path(sys.argv[1]))
assert lock.take()
print("held", flush=True)
time.sleep(3600)
"""


async def left_open(bench: Bench, scene: str) -> None:
    """Keep what a process keeps that is killed before it writes."""
    plan = await plan_change(bench.client.reader, SCENES, [scene], Change(performer_ids=("3",)))
    bench.desk.journal.begin(plan.intents, Why("user", group=f"open-{scene}"))


def test_what_a_killed_process_left_open_is_settled_before_the_next_write(desk: Desk) -> None:
    one = desk.recommend(CID)

    async def work(bench: Bench) -> None:
        await left_open(bench, "1")
        await left_open(bench, "3")
        await bench.client.writer.change_many(SCENES, ["3"], Change(performer_ids=("3",)))
        await bench.decisions.accept(one.id)

    desk.do(work)
    assert (desk.states("open-1"), desk.states("open-3")) == ([EntryState.REFUSED], [EntryState.DONE])
    assert desk.journal.unsettled() == []


def test_what_was_looked_at_in_vain_does_not_keep_anybody_from_writing(desk: Desk) -> None:
    intent = Intent(Operation.UPDATE, "scene", "99", {"title": "a"}, {"title": "b"})
    (entry,) = desk.journal.begin([intent], Why("user", group="lost"))

    async def work(bench: Bench) -> None:
        turn = Turn(bench.client, desk.journal, None)
        async with turn.taken():
            pass
        desk.stash.faults.add("reset")
        async with turn.taken():  # Stash is not asked again
            pass
        desk.stash.faults.clear()
        assert [found.id for found in await turn.settle()] == [entry.id]

    desk.do(work)
    (found,) = desk.entries("lost")
    assert (found.state, found.error_code) == (EntryState.UNCERTAIN, UNKNOWN)


def test_while_stash_cannot_be_asked_nothing_is_written_and_what_is_open_stays_so(desk: Desk) -> None:
    one = desk.recommend(CID)
    desk.do(lambda bench: left_open(bench, "1"))
    desk.stash.faults.add("reset")

    with pytest.raises(StashConnectionLost):
        desk.do(lambda bench: bench.decisions.accept(one.id))
    assert desk.states("open-1") == [EntryState.INTENDED]
    desk.stash.faults.clear()
    desk.do(lambda bench: bench.decisions.settle())
    assert desk.states("open-1") == [EntryState.REFUSED]


def test_a_picture_too_large_to_be_ours_does_not_stop_settling(desk: Desk) -> None:
    large = PNG + b"x" * values.MOST_KEPT_BYTES

    async def work(bench: Bench) -> None:
        plan = await plan_update(bench.client, PERFORMERS, "1", {"image": address_of(PNG)})
        assert plan.intent is not None
        desk.journal.begin([plan.intent], Why("user", group="group-1"))
        await bench.client.writer.update(PERFORMERS, "1", {"image": address_of(large)})
        await settle(bench.client, desk.journal)

    desk.do(work)
    assert desk.states() == [EntryState.UNCERTAIN]


def test_two_writers_of_a_process_come_one_after_the_other(desk: Desk) -> None:
    async def work(bench: Bench) -> list[str]:
        turn = Turn(bench.client, desk.journal, None)
        seen = []

        async def write(name: str) -> None:
            async with turn.taken():
                seen.append(f"{name} begins")
                await asyncio.sleep(0)
                seen.append(f"{name} ends")

        await asyncio.gather(write("a"), write("b"))
        return seen

    assert desk.do(work) == ["a begins", "a ends", "b begins", "b ends"]


def test_another_process_is_waited_for_and_one_that_is_killed_is_not(desk: Desk, tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        async def work(bench: Bench) -> None:
            impatient = Turn(bench.client, desk.journal, JournalLock(tmp_path), patience=0.0)
            with pytest.raises(WritingBusy):
                async with impatient.taken():
                    raise AssertionError
            patient = Turn(bench.client, desk.journal, JournalLock(tmp_path))
            threading.Timer(0.2, other.kill).start()
            async with patient.taken():
                assert not JournalLock(tmp_path).take()
            assert JournalLock(tmp_path).take()

        desk.do(work)
    finally:
        other.kill()
        other.communicate()


def test_who_is_stopped_while_waiting_leaves_the_turn_to_others(desk: Desk, tmp_path: Path) -> None:
    async def work(bench: Bench) -> None:
        first = Turn(bench.client, desk.journal, JournalLock(tmp_path))
        second = Turn(bench.client, desk.journal, JournalLock(tmp_path))
        async with AsyncExitStack() as held:
            await held.enter_async_context(first.alone())
            waiting = asyncio.create_task(_taken_by(second))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with Turn(bench.client, desk.journal, JournalLock(tmp_path), patience=PATIENCE).alone():
            pass

    desk.do(work)


async def _taken_by(turn: Turn) -> None:
    async with turn.taken():
        raise AssertionError


def test_old_entries_are_removed_while_nobody_writes(desk: Desk) -> None:
    async def work(bench: Bench) -> int:
        await bench.writer().change_many(SCENES, ["1", "2"], Change(performer_ids=("3",)))
        (last,) = desk.journal.begin([Intent(Operation.CREATE, "tag", "", {}, {})], Why("user"))
        desk.journal.settle([Verdict(last.id, EntryState.DONE)])
        return await bench.decisions.undisturbed(lambda: desk.journal.prune(last.created_at))

    assert desk.do(work) == 2
