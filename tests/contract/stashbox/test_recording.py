"""The simulator beside recorded answers of a real server."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
from tests.stashbox_boxes import RECORDING, REPLAY, Asked, listed, with_the_recording, without_flaws

from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.stashbox.entities import Performer
from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint
from stash_sense.stashbox.kinds import PERFORMERS

pytestmark = with_the_recording
BEFORE = (
    "011 012 013 014 033 034 035 036 050 051 054 055  # changes, which the simulator takes by its State\n"
    "015 018 019 020 021 022 023 026 044  # read before those, in a state that was not kept\n"
    "005  # the id of the account\n"
    "029  # the order of what is equally near to the words\n"
    "003  # a key that is none: the simulator knows one only where it is told the right ones, see below\n"
)


def recorded_state() -> State:
    return State(json.loads((RECORDING / "stashbox-library.json").read_text()))


def replayed(server: StashBoxServer, folder: str, *options: str) -> str:
    command = [sys.executable, str(REPLAY), server.url, str(RECORDING / "exchanges" / folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_recorded_question_is_answered_alike() -> None:
    with without_flaws(StashBoxServer(recorded_state())) as server:
        assert "49 alike, 0 different, 0 left out" in replayed(server, "stashbox-reads")


def test_what_does_not_depend_on_an_earlier_state_is_answered_alike(tmp_path: Path) -> None:
    known = tmp_path / "known"
    numbers = (number for line in BEFORE.splitlines() for number in line.partition("#")[0].split())
    known.write_text("\n".join(numbers))
    with without_flaws(StashBoxServer(recorded_state())) as server:
        assert "62 alike" in replayed(server, "stashbox", "--known", str(known))


def test_a_key_that_is_none_is_refused_in_the_same_way() -> None:
    told = json.loads((RECORDING / "exchanges" / "stashbox" / "003-bad-key.json").read_text())
    request, recorded = told["request"], told["response"]
    with without_flaws(StashBoxServer(users={"a.b.c": User()})) as server:
        answer = httpx2.post(server.endpoint, json=request["body"], headers=request["headers"], trust_env=False)
    assert (answer.status_code, answer.text) == (recorded["status"], recorded["body"])
    assert answer.headers["content-type"] == recorded["headers"]["Content-Type"]


def test_the_client_reads_the_recorded_state() -> None:
    state = recorded_state()
    wanted = [row["id"] for row in json.loads((RECORDING / "stashbox-library.json").read_text())["performers"]]
    with without_flaws(StashBoxServer(state)) as server:
        asked = Asked(server.endpoint)
        read = asked.run(lambda box: box.by_ids(PERFORMERS, wanted)).items
        pages = asked.run(lambda box: listed(box.changed(PERFORMERS, None)))
        removals = asked.run(lambda box: listed(box.removed(PERFORMERS, None)))
        matches = asked.run(lambda box: box.matches([[Fingerprint(Algorithm.OSHASH, 0x1003)]]))
    by_name: dict[str, Performer] = {one.name: one for one in read.values()}
    assert list(read) == wanted
    assert len(pages[0].items) == pages[0].total == 59
    assert by_name["Bad"].birth_date == "yesterday"
    assert by_name[""].links == ()
    merged, left = by_name["Person 11"], by_name["Person 10"]
    assert (merged.deleted, merged.merged_into) == (True, left.id)
    assert merged.id in left.merged_ids
    assert [(len(one.gone), bool(one.into)) for page in removals for one in page] == [(1, False), (2, True)]
    assert [match.scene.title for match in matches[0]] == ["Scene 03"]
