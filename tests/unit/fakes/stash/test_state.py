from datetime import UTC, datetime, timedelta, timezone

import pytest

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.library_file import fill
from stash_sense.fakes.stash.state import State, number

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def state_at(moment: datetime = NOON, hours: float = 11) -> State:
    return State(timezone(timedelta(hours=hours)), lambda: moment)


def test_times_are_written_in_the_offset_of_the_server() -> None:
    assert state_at().now() == "2026-03-01T23:00:00+11:00"
    assert state_at(hours=-3.5).now() == "2026-03-01T08:30:00-03:30"
    assert state_at(hours=0).now() == "2026-03-01T12:00:00Z"
    assert state_at().now_exact() == "2026-03-01T12:00:00.250000000Z"
    assert state_at().now_local() == "2026-03-01T23:00:00.250000000+11:00"


def test_a_transaction_that_fails_leaves_nothing_behind() -> None:
    state = state_at()
    with state.transaction():
        state.insert("tags", name="Rain")
        state.insert("tags", name="Storm")
    before = {row_id: dict(row) for row_id, row in state.tables["tags"].items()}

    def change_much_and_fail() -> None:
        with state.transaction():
            state.insert("tags", name="Hail")
            state.change("tags", 1)["aliases"].append("Drizzle")
            state.remove("tags", 2)
            state.hook("Tag.Update.Post", 1, {})
            raise ResolverError("no")

    with pytest.raises(ResolverError):
        change_much_and_fail()

    assert state.tables["tags"] == before
    assert state.hooks == []
    assert state.next_id("tags") == 3


def test_ids_are_never_given_twice() -> None:
    state = state_at()
    with state.transaction():
        state.insert("tags", name="Rain")
        state.remove("tags", 1)
        assert state.insert("tags", name="Storm")["id"] == 2


def test_rows_do_not_share_their_lists() -> None:
    state = state_at()
    with state.transaction():
        one, other = state.insert("tags", name="one"), state.insert("tags", name="other")
    one["aliases"].append("1")
    assert other["aliases"] == []


def test_who_refers_to_whom_follows_every_change() -> None:
    state = state_at()
    with state.transaction():
        state.insert("scenes", performers=[1, 2], studio=5)
        state.insert("scenes", performers=[2])
    assert state.referring("scenes", "performers") == {1: [1], 2: [1, 2]}
    assert state.referring("scenes", "studio") == {5: [1]}
    with state.transaction():
        state.change("scenes", 1)["performers"] = []
    assert state.referring("scenes", "performers") == {2: [2]}


def test_a_row_that_is_not_there_is_named_as_stash_names_it() -> None:
    with pytest.raises(ResolverError, match=r"^gallery with id 4 not found$"):
        state_at().row("galleries", 4)


def test_an_unknown_column_is_refused() -> None:
    state = state_at()
    with pytest.raises(KeyError, match="colour"), state.transaction():
        state.insert("tags", colour="grey")


@pytest.mark.parametrize("text", ["", "seven", "1.5", "٣", "1e3"])
def test_what_is_no_number_is_refused_in_the_words_of_stash(text: str) -> None:
    with pytest.raises(ResolverError, match=r"^converting id: strconv\.Atoi: parsing "):
        number(text, "converting id")


def test_a_library_may_refer_forwards_and_must_not_refer_to_nobody() -> None:
    state = state_at()
    fill(state, {"tags": [{"id": 1, "name": "Storm", "parents": [{"id": 2}]}, {"id": 2, "name": "Rain"}]})
    assert state.tables["tags"][1]["parents"] == [2]
    with pytest.raises(ValueError, match="refers to studio 9"):
        fill(state_at(), {"scenes": [{"id": 1, "studio": {"id": 9}}]})
    with pytest.raises(ValueError, match="scenes have no colour"):
        fill(state_at(), {"scenes": [{"id": 1, "colour": "grey"}]})
