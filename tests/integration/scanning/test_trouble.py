"""Scans that are stopped, killed, or lose Stash: nothing is lost, and nothing is done twice."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.children import ROOT, surroundings
from tests.scan_bench import BOB, ZOE, bench
from tests.stash_library import library

from stash_sense.errors import Cancelled, StashAnswerOdd, StashError, StashMigrationNeeded, StashUnreachable
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fingerprints.fingerprint import Item, Outcome
from stash_sense.identification.result import Failure
from stash_sense.jobs.store import Checkpoint, Report
from stash_sense.kernel.cancel import CancelToken
from stash_sense.operations.library_scan import library_scan
from stash_sense.scanning.scope import ScanScope

SCENES = ScanScope(kinds=("scene",))
KILLS = 20


def spoil(stash: SimulatedStash, scene: int) -> None:
    """Let Stash say nonsense of a scene, which makes a whole page unreadable."""
    with stash.state.transaction():
        stash.state.change("scenes", scene, touch=False)["created_at"] = "yesterday"


def test_what_makes_a_page_unreadable_is_found_and_the_rest_goes_on(tmp_path: Path) -> None:
    with (
        simulated_stash(library=library(scenes=700)) as stash,
        bench(stash.url, tmp_path, lambda kind, id_: [BOB] if id_ in ("77", "600") else []) as one,
    ):
        spoil(stash, 76)
        spoil(stash, 700)
        result = one.scan(SCENES)
        assert (result["looked"], result["failures"]) == (698, {"stash_answer_odd": 2})
        assert set(one.said()) == {"scene 77", "scene 600"}
        kept = one.fingerprints.get(Item("scene", "76"))
        assert kept is not None
        assert (kept.outcome, kept.code) == (Outcome.FAILED, "stash_answer_odd")
        with stash.state.transaction():
            stash.state.change("scenes", 76)["created_at"] = "2026-11-20T10:00:00+11:00"
        one.identifier.looked.clear()
        one.scan(SCENES)
        assert one.identifier.looked == ["scene 76"]


def test_a_stash_that_answers_nothing_as_it_should_is_not_recorded_as_failures(tmp_path: Path) -> None:
    with simulated_stash(library=library(scenes=60)) as stash, bench(stash.url, tmp_path, {}) as one:
        for scene in range(1, 61):
            spoil(stash, scene)
        with pytest.raises(StashAnswerOdd):
            one.scan(SCENES)
        assert one.fingerprints.counts("scene", "").outcomes["failed"] == 0


def test_stash_that_goes_away_in_the_middle_ends_the_run_and_the_next_one_goes_on(
    stash: SimulatedStash, tmp_path: Path
) -> None:
    def sees(kind: str, id_: str) -> Sequence[str] | Failure:
        if id_ != "3" or stash.status != "OK":
            return [BOB]
        stash.status = "NEEDS_MIGRATION"
        return Failure("server_broken", "The server says 500.")

    with bench(stash.url, tmp_path, sees) as one:
        with pytest.raises(StashMigrationNeeded):
            one.scan()
        assert one.fingerprints.get(Item("scene", "3")) is None  # it is not the scene's failure
        stash.status = "OK"
        one.identifier.sees = lambda kind, id_: [BOB]
        assert one.scan(cursor=one.saved[-1].cursor if one.saved else None)["looked"] == 5
        assert Counter(one.identifier.looked).most_common(2)[0] == ("scene 3", 2)
        assert len(one.said()) == 6


def test_a_failure_that_may_pass_is_tried_once_more(stash: SimulatedStash, tmp_path: Path) -> None:
    failures = iter([Failure("connection_lost", "It broke off.")])

    def sees(kind: str, id_: str) -> Sequence[str] | Failure:
        return next(failures, [BOB]) if id_ == "2" else [BOB]

    with bench(stash.url, tmp_path, sees) as one:
        result = one.scan(SCENES)
        assert (result["looked"], result["failed"]) == (5, 0)


def test_the_queue_tries_again_when_stash_is_away() -> None:
    kind = library_scan(lambda _: None, lambda *_: {})
    away: list[StashError] = [StashUnreachable(address="a", reason="b"), StashMigrationNeeded(address="a")]
    assert all(kind.retries.pause_after(error, 30) for error in away)
    assert kind.retries.pause_after(StashAnswerOdd(address="a", operation="b", reason="c"), 1) is None


def test_a_job_that_is_stopped_goes_on_from_its_cursor(stash: SimulatedStash, tmp_path: Path) -> None:
    token = CancelToken()

    def sees(kind: str, id_: str) -> Sequence[str]:
        if (kind, id_) == ("image", "1"):
            token.cancel()
        return [BOB]

    saved: list[Checkpoint] = []
    with bench(stash.url, tmp_path, sees) as one:
        with pytest.raises(Cancelled):
            one.scan(cancel=token, save=saved.append)
        assert saved[-1].cursor["kind"] == "image"
        one.identifier.looked.clear()
        result = one.scan(cursor=saved[-1].cursor, counters=saved[-1].counters)
        assert one.identifier.looked == ["image 2"]
        assert result["looked"] == 6  # the one that was done after the last checkpoint is unchanged by now
        assert len(one.said()) == 6


def test_a_job_that_goes_on_knows_how_much_there_is_and_that_it_is_the_same_library(tmp_path: Path) -> None:
    with simulated_stash(library=library(scenes=150)) as stash, bench(stash.url, tmp_path, {}) as one:
        one.scan(SCENES)
        told: list[Report] = []
        cursor = {**one.saved[-1].cursor, "after": 120, "position": 120}
        result = one.scan(SCENES, cursor=cursor, tell=told.append)
        assert (result["unchanged"], result["keeps_what_is_gone"]) == (30, False)
        assert (told[0].done, told[-1].done, told[-1].total) == (120, 150, 150)


def test_a_stash_that_is_emptied_in_the_middle_takes_nothing_of_what_is_known(tmp_path: Path) -> None:
    with simulated_stash(library=library(scenes=150)) as stash, bench(stash.url, tmp_path, {}) as one:
        one.scan(SCENES)
        with stash.state.transaction():
            for scene in range(1, 151):
                stash.state.remove("scenes", scene)
        cursor = {**one.saved[-1].cursor, "after": 20, "position": 20}
        result = one.scan(SCENES, cursor=cursor)
        assert (result["gone"], result["keeps_what_is_gone"]) == (0, True)
        assert one.fingerprints.get(Item("scene", "21")) is not None


def test_killed_at_random_moments_no_scene_is_lost_and_none_is_written_twice(tmp_path: Path) -> None:
    notes, folder = tmp_path / "notes", tmp_path / "state"
    folder.mkdir()
    moments = random.Random(8)  # noqa: S311  not for secrets
    with simulated_stash(library=library(scenes=60)) as stash, scans(stash.url, folder, notes) as scan:
        for _ in range(KILLS):
            assert scan.run(killed_after=moments.choice((1, 2))) == -signal.SIGKILL
        assert scan.run() == 0
        assert json.loads((folder / "counted.json").read_bytes())["failed"] == 0
        kept = Counter(line for line in lines(notes) if line.startswith("kept"))
        assert set(kept.values()) == {1}
        after: set[str] = set()
        for line in lines(notes):
            word, _, item = line.partition(" ")
            assert not (word == "begin" and item in after)  # what is kept is never looked at again
            if word == "kept":
                after.add(item)
        with bench(stash.url, folder, {}) as one:
            ids = [str(number) for number in range(1, 61)]
            assert len(one.fingerprints.several("scene", ids)) == 60
            assert len(one.fingerprints.faces("scene", ids)) == 30
            assert len(one.fingerprints.several("image", ["1", "2"])) == 2
            said: dict[str, Any] = one.said()
            assert said == {**{f"scene {n}": [BOB, ZOE] for n in range(1, 61, 2)}, "gallery 1": [BOB, ZOE]}
            assert one.scan()["unchanged"] == 62


class Scans:
    """Processes that scan, one after the other."""

    def __init__(self, forking: subprocess.Popen[str]) -> None:
        self._forking = forking

    def run(self, killed_after: int | None = None) -> int:
        """Scan to the end, or until shortly after so many items; return how it ended."""
        assert self._forking.stdin is not None
        assert self._forking.stdout is not None
        self._forking.stdin.write("\n" if killed_after is None else f"{killed_after}\n")
        self._forking.stdin.flush()
        return int(self._forking.stdout.readline())


@contextmanager
def scans(url: str, folder: Path, notes: Path) -> Iterator[Scans]:
    program = Path(__file__).with_name("scanning_process.py")
    command = [sys.executable, str(program), url, str(folder), str(notes)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, env=surroundings(), cwd=ROOT, stdin=pipe, stdout=pipe) as forking:
        try:
            yield Scans(forking)
        finally:
            forking.communicate()


def lines(notes: Path) -> list[str]:
    """All whole lines of the notes."""
    return notes.read_text().rpartition("\n")[0].split("\n") if notes.exists() else []
