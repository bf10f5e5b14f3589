"""The simulator beside recorded answers of a real server."""

import httpx2
from tests.exchanges import recorded, replay, with_the_recording
from tests.stashbox_boxes import Asked, listed, without_flaws

from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.stashbox.entities import Performer
from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint
from stash_sense.stashbox.kinds import PERFORMERS

pytestmark = with_the_recording
LEFT_OUT = {
    *(
        "011",
        "012",
        "013",
        "014",
        "033",
        "034",
        "035",
        "036",
        "050",
        "051",
        "054",
        "055",
    ),
    *(
        "015",
        "018",
        "019",
        "020",
        "021",
        "022",
        "023",
        "026",
        "044",
    ),
    "005",  # the id of the account
    "029",  # the order of what is equally near to the words
    "003",  # a key that is none: the simulator knows one only where it is told the right ones, see below
}


def recorded_state() -> State:
    return State(recorded("stashbox-library.json"))


def test_every_recorded_question_is_answered_alike() -> None:
    with without_flaws(StashBoxServer(recorded_state())) as server:
        found = replay(server.url, "stashbox-reads", lambda _: True)
    assert len(found) == 49
    assert not any(found.values()), found


def test_what_does_not_depend_on_an_earlier_state_is_answered_alike() -> None:
    with without_flaws(StashBoxServer(recorded_state())) as server:
        found = replay(server.url, "stashbox", lambda exchange: exchange["file"][:3] not in LEFT_OUT)
    assert len(found) == 62 - len(LEFT_OUT)
    assert not any(found.values()), found


def test_a_key_that_is_none_is_refused_in_the_same_way() -> None:
    told = recorded("exchanges/stashbox/003-bad-key.json")
    request, wanted = told["request"], told["response"]
    with without_flaws(StashBoxServer(users={"a.b.c": User()})) as server:
        answer = httpx2.post(server.endpoint, json=request["body"], headers=request["headers"], trust_env=False)
    assert (answer.status_code, answer.text) == (wanted["status"], wanted["body"])
    assert answer.headers["content-type"] == wanted["headers"]["Content-Type"]


def test_the_client_reads_the_recorded_state() -> None:
    state = recorded_state()
    wanted = [row["id"] for row in recorded("stashbox-library.json")["performers"]]
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
