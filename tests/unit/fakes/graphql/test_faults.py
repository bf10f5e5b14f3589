import pytest

from stash_sense.fakes.graphql.faults import COMMON, Fault, Faults
from stash_sense.fakes.graphql.playing import OVER_A_SOCKET
from stash_sense.fakes.stash.faults import KINDS


@pytest.mark.parametrize("text", ["", "nonsense", "SLOW", "slow:", "slow:often", "slow:-1", "slow:\u0663", "locked"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no fault|how often"):
        Fault.read(text)


def test_every_fault_can_be_named_with_its_number() -> None:
    assert [Fault.read(kind, KINDS) for kind in KINDS] == [Fault(kind) for kind in KINDS]
    assert Fault.read("locked:12", KINDS) == Fault("locked", 12)


def test_faults_strike_as_often_as_they_are_told_in_their_order() -> None:
    faults = Faults(KINDS, ["html:1", Fault("slow", 2, path="/scene/")])
    struck = [faults.take(path, *COMMON) for path in ("/graphql", "/graphql", "/scene/1", "/scene/1", "/scene/1")]
    assert [fault and fault.kind for fault in struck] == ["html", None, "slow", "slow", None]
    assert faults.struck == 3
    faults.clear()
    assert faults.struck == 0


def test_only_the_kinds_that_are_looked_for_are_met() -> None:
    faults = Faults(KINDS, ["locked:1"])
    assert faults.take("/graphql", *COMMON) is None
    assert faults.take("/graphql", "locked") == Fault("locked", 1)


def test_a_server_refuses_a_fault_that_it_does_not_play() -> None:
    for fault in ("locked", Fault("locked")):
        with pytest.raises(ValueError, match="no fault 'locked'"):
            Faults().add(fault)


def test_what_sockets_meet_is_among_what_all_servers_have() -> None:
    assert set(OVER_A_SOCKET) <= COMMON.keys()
