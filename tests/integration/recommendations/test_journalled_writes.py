"""Every write is in the journal before it is written, and can be undone while it is still what was written."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.recommendations.desk import PNG, Bench, Desk, Gone, address_of
from tests.stash_library import ENDPOINT, library, snapshot

from stash_sense.errors import (
    JournalEntryUnknown,
    JournalFieldChanged,
    JournalFieldUnknown,
    JournalGroupUnknown,
    JournalNotUndoable,
    JournalTargetGone,
    JournalTargetUsed,
    StashIdUnknown,
    StashNameTaken,
)
from stash_sense.fakes.stash.server import simulated_stash
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, TAGS, Kind
from stash_sense.library.writing import Change, Mode
from stash_sense.recommendations.journal.entry import EntryState, Operation, Why
from stash_sense.recommendations.journal.planning import plan_change
from stash_sense.recommendations.journal.settling import settle

UNDO = Why("user", "Undone", None, "group-2")
ADD_3 = Change(performer_ids=("3",))


@pytest.mark.parametrize("kind", [SCENES, IMAGES, GALLERIES], ids=lambda kind: kind.plural)
def test_who_is_added_is_taken_away_again(desk: Desk, kind: Kind[Any]) -> None:
    async def work(bench: Bench) -> tuple[Any, Any]:
        await bench.writer().change_many(kind, ["1"], ADD_3)
        there = await bench.client.reader.one(kind, "1")
        await bench.undoing.group("group-1", UNDO)
        return there, await bench.client.reader.one(kind, "1")

    before: Any = desk.do(lambda bench: bench.client.reader.one(kind, "1"))
    there, after = desk.do(work)
    assert set(there.performer_ids) == {*before.performer_ids, "3"}
    assert after.performer_ids == before.performer_ids
    (entry,), (undoing,) = desk.entries(), desk.entries("group-2")
    assert (entry.state, entry.undone_by) == (EntryState.DONE, undoing.id)
    assert (undoing.operation, undoing.state, undoing.undoes) == (Operation.REMOVE, EntryState.DONE, entry.id)


def test_who_was_there_before_stays_and_is_not_written(desk: Desk) -> None:
    async def work(bench: Bench) -> list[set[str]]:
        outcome = await bench.writer().change_many(SCENES, ["1", "2"], Change(performer_ids=("1", "3")))
        assert outcome.done == ("1", "2")
        again = await bench.writer("again").change_many(SCENES, ["1", "2"], Change(performer_ids=("1", "3")))
        assert again == outcome
        await bench.undoing.group("group-1", UNDO)
        return await bench.performers_of("1", "2")

    assert desk.do(work) == [{"1"}, set()]
    assert desk.entries("again") == []


def test_what_others_have_added_since_stays(desk: Desk) -> None:
    async def work(bench: Bench) -> list[set[str]]:
        await bench.writer().change_many(SCENES, ["1"], ADD_3)
        await bench.client.writer.change_many(SCENES, ["1"], Change(performer_ids=("2",)))
        await bench.undoing.entry(1, UNDO)
        return await bench.performers_of("1")

    assert desk.do(work) == [{"1", "2"}]


def test_what_somebody_has_changed_since_is_left_and_told(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        await bench.writer().change_many(SCENES, ["1"], ADD_3)
        await bench.client.writer.change_many(SCENES, ["1"], Change(performer_ids=("2",), mode=Mode.SET))
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalFieldChanged) as caught:
        desk.do(work)
    assert caught.value.fields == {
        "entry": 1,
        "field": "performers",
        "kind": "scene",
        "id": "1",
        "wrote": "1, 3",
        "now": "2",
    }
    assert desk.entries("group-2") == []
    assert desk.do(lambda bench: bench.performers_of("1")) == [{"2"}]


def test_of_a_group_all_that_can_be_undone_is(desk: Desk) -> None:
    async def work(bench: Bench) -> tuple[Any, list[set[str]]]:
        await bench.writer().change_many(SCENES, ["1", "2", "3"], ADD_3)
        await bench.client.writer.change_many(SCENES, ["2"], Change(performer_ids=("3",), mode=Mode.REMOVE))
        undone = await bench.undoing.group("group-1", UNDO)
        return undone, await bench.performers_of("1", "2", "3")

    undone, performers = desk.do(work)
    assert sorted(undone.entries) == [1, 3]
    assert {entry: error.code for entry, error in undone.refused.items()} == {2: "journal_field_changed"}
    assert performers == [{"1"}, set(), set()]


def test_undoing_twice_is_undoing_once(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        await bench.writer().change_many(SCENES, ["1"], ADD_3)
        await bench.undoing.entry(1, UNDO)
        await bench.client.writer.change_many(SCENES, ["1"], ADD_3)
        undone = await bench.undoing.entry(1, UNDO)
        assert (undone.entries, undone.intents) == ([1], [])

    desk.do(work)
    assert desk.do(lambda bench: bench.performers_of("1")) == [{"1", "3"}]
    assert len(desk.entries("group-2")) == 1


def test_what_undid_something_can_be_undone(desk: Desk) -> None:
    async def work(bench: Bench) -> list[set[str]]:
        await bench.writer().change_many(SCENES, ["1", "2"], ADD_3)
        await bench.undoing.group("group-1", UNDO)
        await bench.undoing.group("group-2", Why("user", group="group-3"))
        return await bench.performers_of("1", "2")

    assert desk.do(work) == [{"1", "3"}, {"3"}]


def test_a_dry_run_says_what_undoing_would_write_and_writes_nothing(desk: Desk) -> None:
    async def work(bench: Bench) -> Any:
        writer = bench.writer()
        performer = await writer.create_performer({"name": "Dora", "gender": "FEMALE"})
        await writer.update(PERFORMERS, performer.id, {"stash_ids": [{"endpoint": ENDPOINT, "stash_id": "d"}]})
        await writer.change_many(SCENES, ["1", "2"], Change(performer_ids=(performer.id,)))
        before = snapshot(desk.stash)
        planned = await bench.undoing.group("group-1", UNDO, dry=True)
        assert snapshot(desk.stash) == before
        return planned, await bench.undoing.group("group-1", UNDO)

    planned, undone = desk.do(work)
    assert planned.refused == undone.refused == {}
    assert [(one.operation, one.kind) for one in planned.intents] == [
        (Operation.REMOVE, "scene"),
        (Operation.REMOVE, "scene"),
        (Operation.UPDATE, "performer"),
        (Operation.DESTROY, "performer"),
    ]
    assert [(one.operation, one.target_id) for one in undone.intents] == [
        (one.operation, one.target_id) for one in planned.intents
    ]
    assert desk.do(lambda bench: bench.performers_of("1", "2")) == [{"1"}, set()]
    assert desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora")) == ()


def test_a_performer_who_was_created_stays_while_somebody_uses_them(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        performer = await bench.writer().create_performer({"name": "Dora"})
        await bench.client.writer.change_many(SCENES, ["1"], Change(performer_ids=(performer.id,)))
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalTargetUsed, match="1 scene"):
        desk.do(work)
    assert len(desk.do(lambda bench: bench.client.reader.named(PERFORMERS, "Dora"))) == 1


def test_a_performer_who_was_created_and_edited_stays(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        performer = await bench.writer().create_performer({"name": " Dora ", "details": "x"})
        await bench.client.writer.update(PERFORMERS, performer.id, {"details": "Written by hand"})
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalFieldChanged, match="Written by hand"):
        desk.do(work)


def test_a_tag_that_was_created_goes_unless_it_is_used(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        for name in ("Seen", "Used"):
            await bench.writer().create_tag({"name": name})
        (used,) = await bench.client.reader.named(TAGS, "Used")
        await bench.client.writer.update(PERFORMERS, "1", {"tag_ids": [used.id]})
        undone = await bench.undoing.group("group-1", UNDO)
        assert [type(error) for error in undone.refused.values()] == [JournalTargetUsed]

    desk.do(work)
    assert desk.do(lambda bench: bench.client.reader.named(TAGS, "Seen")) == ()
    assert len(desk.do(lambda bench: bench.client.reader.named(TAGS, "Used"))) == 1


def test_fields_are_put_back(desk: Desk) -> None:
    new = {"name": "Ada New", "alias_list": ["Ada Example"], "height_cm": 170, "gender": "FEMALE", "tag_ids": ["1"]}

    async def work(bench: Bench) -> tuple[Any, Any]:
        await bench.writer().update(PERFORMERS, "1", {**new, "details": ""})
        there = await bench.performer("1")
        await bench.undoing.group("group-1", UNDO)
        return there, await bench.performer("1")

    before = desk.do(lambda bench: bench.performer("1"))
    there, after = desk.do(work)
    assert (there.name, there.aliases, there.height_cm, there.gender) == ("Ada New", ("Ada Example",), 170, "FEMALE")
    assert "details" not in desk.entries()[0].after  # it was empty before
    for name in ("name", "aliases", "height_cm", "gender", "tag_ids", "details"):
        assert getattr(after, name) == getattr(before, name)


def test_an_update_that_changes_nothing_is_not_written(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        before = snapshot(desk.stash)
        performer = await bench.writer().update(PERFORMERS, "1", {"name": "Ada Example", "details": None})
        assert performer.id == "1"
        assert snapshot(desk.stash) == before

    desk.do(work)
    assert desk.entries() == []


@pytest.mark.parametrize("first", [None, PNG + b"first"])
def test_a_picture_is_put_back(desk: Desk, first: bytes | None) -> None:
    async def picture(bench: Bench) -> bytes | None:
        performer = await bench.performer("1")
        return (await bench.client.media.picture(performer.picture)).content if performer.picture else None

    async def work(bench: Bench) -> tuple[bytes | None, bytes | None]:
        if first is not None:
            await bench.client.writer.update(PERFORMERS, "1", {"image": address_of(first)})
        await bench.writer().update(PERFORMERS, "1", {"image": address_of(PNG + b"second")})
        there = await picture(bench)
        await bench.undoing.group("group-1", UNDO)
        return there, await picture(bench)

    assert desk.do(work) == (PNG + b"second", first)
    assert "base64" not in str(desk.entries())


def test_a_picture_that_was_replaced_since_stays(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        await bench.writer().update(PERFORMERS, "1", {"image": address_of(PNG + b"ours")})
        await bench.client.writer.update(PERFORMERS, "1", {"image": address_of(PNG + b"theirs")})
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalFieldChanged):
        desk.do(work)


def test_what_could_not_be_brought_back_is_not_written(desk: Desk) -> None:
    before = snapshot(desk.stash)
    with pytest.raises(JournalFieldUnknown):
        desk.do(lambda bench: bench.writer().update(SCENES, "1", {"cover_image": address_of(PNG)}))
    assert snapshot(desk.stash) == before
    assert desk.entries() == []


def test_what_was_destroyed_or_merged_is_in_the_journal_and_stays_so(desk: Desk) -> None:
    async def work(bench: Bench) -> Any:
        await bench.writer().merge_performers(["2"], "1", {"name": "Ada Example"})
        await bench.writer().destroy(TAGS, ["2"])
        return await bench.undoing.group("group-1", UNDO)

    undone = desk.do(work)
    assert desk.states() == [EntryState.DONE] * 3
    assert {entry.target_id: entry.before["name"] for entry in desk.entries()} == {"1": "Ada Example", "2": "Beach"}
    assert [type(error) for error in undone.refused.values()] == [JournalNotUndoable] * 3


def test_what_stash_refuses_is_told_and_kept(desk: Desk) -> None:
    with pytest.raises(StashNameTaken):
        desk.do(lambda bench: bench.writer().create_performer({"name": "Ada Example"}))
    with pytest.raises(StashIdUnknown):
        desk.do(lambda bench: bench.writer().update(PERFORMERS, "77", {"name": "x"}))
    (entry,) = desk.entries()
    assert (entry.state, entry.error_code) == (EntryState.REFUSED, "stash_name_taken")
    with pytest.raises(JournalNotUndoable, match="nothing of it was written"):
        desk.do(lambda bench: bench.undoing.entry(entry.id, UNDO))


def test_one_that_is_not_there_keeps_nobody_else_from_being_changed(desk: Desk) -> None:
    outcome = desk.do(lambda bench: bench.writer().change_many(SCENES, ["1", "99", "3"], ADD_3))
    assert outcome.done == ("1", "3")
    assert {id_: error.code for id_, error in outcome.refused.items()} == {"99": "stash_id_unknown"}
    assert [entry.target_id for entry in desk.entries()] == ["1", "3"]


def test_what_is_gone_cannot_be_undone(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        await bench.writer().change_many(SCENES, ["2"], ADD_3)
        await bench.client.writer.destroy(SCENES, ["2"])
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalTargetGone):
        desk.do(work)


def test_what_is_not_in_the_journal_cannot_be_undone(desk: Desk) -> None:
    with pytest.raises(JournalEntryUnknown):
        desk.do(lambda bench: bench.undoing.entry(5, UNDO))
    with pytest.raises(JournalGroupUnknown):
        desk.do(lambda bench: bench.undoing.group("nothing", UNDO))


class _Dying:
    """A writer whose process ends before or after what it does is done."""

    def __init__(self, writer: Any, after: bool) -> None:
        self._writer, self._after = writer, after

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            if self._after:
                await getattr(self._writer, name)(*arguments, **named)
            raise Gone

        return call


class _DyingLibrary:
    def __init__(self, library: Any, after: bool) -> None:
        self._library, self.writer = library, _Dying(library.writer, after)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("what", ["add", "remove", "update", "picture", "create", "destroy", "merge"])
def test_what_was_under_way_when_the_process_ended_is_found_out(desk: Desk, what: str, after: bool) -> None:
    writes: dict[str, Any] = {
        "add": lambda writer: writer.change_many(SCENES, ["1", "2"], ADD_3),
        "remove": lambda writer: writer.change_many(SCENES, ["1"], Change(performer_ids=("1",), mode=Mode.REMOVE)),
        "update": lambda writer: writer.update(PERFORMERS, "1", {"name": "Ada New", "tag_ids": ["2"]}),
        "picture": lambda writer: writer.update(PERFORMERS, "1", {"image": address_of(PNG)}),
        "create": lambda writer: writer.create_performer({"name": " Dora "}),
        "destroy": lambda writer: writer.destroy(TAGS, ["2"]),
        "merge": lambda writer: writer.merge_performers(["2"], "1", {"name": "Ada Example"}),
    }

    async def work(bench: Bench) -> None:
        dying = Bench(_DyingLibrary(bench.client, after), desk)  # type: ignore[arg-type]
        with pytest.raises(Gone):
            await writes[what](dying.writer())
        assert {entry.state for entry in desk.entries()} == {EntryState.UNCERTAIN}
        await settle(bench.client, desk.journal)

    desk.do(work)
    assert set(desk.states()) == {EntryState.DONE if after else EntryState.REFUSED}
    assert desk.journal.unsettled() == []
    if what == "create":
        assert bool(desk.entries()[0].target_id) is after


def test_what_is_neither_as_before_nor_as_written_stays_uncertain(desk: Desk) -> None:
    async def work(bench: Bench) -> None:
        dying = Bench(_DyingLibrary(bench.client, True), desk)  # type: ignore[arg-type]
        with pytest.raises(Gone):
            await dying.writer().update(PERFORMERS, "1", {"name": "Ada New", "details": "new"})
        await bench.client.writer.update(PERFORMERS, "1", {"name": "Ada Other"})
        await settle(bench.client, desk.journal)
        await bench.undoing.entry(1, UNDO)

    with pytest.raises(JournalNotUndoable, match="nobody knows"):
        desk.do(work)
    assert desk.states() == [EntryState.UNCERTAIN]


def test_what_was_intended_when_the_machine_lost_its_power_is_found_out(desk: Desk) -> None:
    """The entry is kept; whether it was written, only Stash knows."""

    async def work(bench: Bench) -> list[set[str]]:
        for id_ in ("2", "3"):
            plan = await plan_change(bench.client.reader, SCENES, [id_], ADD_3)
            desk.journal.begin(plan.intents, Why("user", group="group-1"))
        await bench.client.writer.change_many(SCENES, ["3"], ADD_3)
        await bench.undoing.group("group-1", UNDO)  # finds out for itself
        return await bench.performers_of("2", "3")

    assert desk.do(work) == [set(), set()]
    assert desk.states() == [EntryState.REFUSED, EntryState.DONE]
    assert len(desk.entries("group-2")) == 1


def test_many_scenes_are_changed_and_undone_at_once(tmp_path: Path) -> None:
    with simulated_stash(library=library(250)) as stash:
        desk = Desk(stash, tmp_path)
        ids = [str(number) for number in range(1, 251)]

        async def work(bench: Bench) -> None:
            outcome = await bench.writer().change_many(SCENES, ids, ADD_3)
            assert len(outcome.done) == 250
            undone = await bench.undoing.group("group-1", UNDO)
            assert (len(undone.entries), undone.refused) == (250, {})

        desk.do(work)
        assert {entry.undone_by is not None for entry in desk.entries()} == {True}
        assert set(desk.states("group-2")) == {EntryState.DONE}
        desk.store.close()
