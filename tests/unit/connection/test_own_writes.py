"""What we write does not come back to us as news; what the user changes beside it does."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from stash_sense.connection.announced import AnnouncedWriter
from stash_sense.connection.hooks import Heard, Hooks
from stash_sense.connection.news import EntityChanged, How
from stash_sense.connection.own_writes import Expected, OwnWrites
from stash_sense.errors import StashDatabaseLocked, StashError, StashIdUnknown, StashWriteUncertain
from stash_sense.library.kinds import PERFORMERS, SCENES, TAGS
from stash_sense.library.writing import Change, Outcome

UNSURE = StashWriteUncertain(address="x", operation="y", reason="z")
LOCKED = StashDatabaseLocked(address="x", operation="y")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Stash:
    """A writer that calls hooks while it writes, as Stash does; and the hears of them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.news: list[EntityChanged] = []
        self.hooks = Hooks(OwnWrites(30.0, self.clock), self.news.append)
        self.writer: Any = AnnouncedWriter(self, self.hooks.own)
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.fails: StashError | None = None
        self.outcome: Outcome | None = None
        self.heard: list[Heard] = []

    def call(self, hook: str, id_: str, **given: Any) -> Heard:
        heard = self.hooks.hear(hook, id_, given)
        self.heard.append(heard)
        return heard

    async def write(self, *_: Any, **__: Any) -> Any:
        for hook, id_, given in self.calls:
            self.call(hook, id_, **given)
        if self.fails is not None:
            raise self.fails
        return self.outcome

    create_performer = create_tag = update = change_many = write
    merge_performers = merge_scenes = merge_tags = destroy = write

    def do(self, name: str, *arguments: Any, **more: Any) -> Any:
        return asyncio.run(getattr(self.writer, name)(*arguments, **more))


@pytest.fixture
def stash() -> Stash:
    return Stash()


WRITES: list[tuple[str, Sequence[Any], str, str, dict[str, Any]]] = [
    ("create_performer", [{"name": " Ada "}], "Performer.Create.Post", "18", {"name": "Ada"}),
    ("create_tag", [{"name": "Red"}], "Tag.Create.Post", "4", {"name": "Red "}),
    ("update", [SCENES, "2", {"title": "x"}], "Scene.Update.Post", "2", {}),
    ("merge_tags", [["3"], "4", {}], "Tag.Merge.Post", "4", {}),
    ("merge_performers", [["3"], "4", {}], "Performer.Destroy.Post", "3", {}),
    ("merge_scenes", [["3"], "4", {}], "Scene.Update.Post", "4", {}),
    ("destroy", [PERFORMERS, ["3"]], "Performer.Destroy.Post", "3", {}),
]
each_write = pytest.mark.parametrize(("name", "arguments", "hook", "id_", "given"), WRITES)


@each_write
def test_a_hook_that_is_called_while_we_write_is_ours(
    stash: Stash, name: str, arguments: Sequence[Any], hook: str, id_: str, given: dict[str, Any]
) -> None:
    stash.calls = [(hook, id_, given)]
    stash.do(name, *arguments)
    assert stash.heard == [Heard.OWN]
    assert stash.news == []


@each_write
def test_a_hook_that_comes_late_is_ours_once(
    stash: Stash, name: str, arguments: Sequence[Any], hook: str, id_: str, given: dict[str, Any]
) -> None:
    stash.do(name, *arguments)
    stash.clock.now = 29.0
    assert stash.call(hook, id_, **given) is Heard.OWN
    assert stash.call(hook, id_, **given) is Heard.MARKED


def test_every_id_of_a_change_of_many_is_ours(stash: Stash) -> None:
    stash.outcome = Outcome(("1", "2"))
    stash.calls = [("Scene.Update.Post", id_, {"ids": ["1", "2"]}) for id_ in ("1", "2", "3")]
    stash.do("change_many", SCENES, ["1", "2"], Change(performer_ids=("7",)))
    assert stash.heard == [Heard.OWN, Heard.OWN, Heard.MARKED]
    assert stash.news == [EntityChanged("scene", "3", How.UPDATED)]


def test_what_stash_refused_is_not_expected(stash: Stash) -> None:
    unknown = StashIdUnknown(address="x", kind="scene", id="2")
    stash.outcome = Outcome(("1",), {"2": unknown, "3": UNSURE})
    stash.do("change_many", SCENES, ["1", "2", "3"], Change(performer_ids=("7",)))
    assert [stash.call("Scene.Update.Post", id_) for id_ in ("1", "2", "3")] == [Heard.OWN, Heard.MARKED, Heard.OWN]


@pytest.mark.parametrize(("error", "heard"), [(LOCKED, Heard.MARKED), (UNSURE, Heard.OWN)])
def test_a_write_that_failed_is_expected_only_where_it_may_have_happened(
    stash: Stash, error: StashError, heard: Heard
) -> None:
    stash.fails = error
    with pytest.raises(type(error)):
        stash.do("update", TAGS, "1", {"name": "x"})
    assert stash.call("Tag.Update.Post", "1") is heard


def test_after_a_while_nothing_is_expected_any_more(stash: Stash) -> None:
    stash.do("update", SCENES, "2", {})
    stash.clock.now = 31.0
    assert stash.call("Scene.Update.Post", "2") is Heard.MARKED


def test_a_write_that_takes_long_is_expected_all_the_time(stash: Stash) -> None:
    async def slow(*_: Any) -> None:
        stash.clock.now = 500.0
        stash.call("Scene.Update.Post", "2")

    stash.update = slow  # type: ignore[method-assign]
    stash.do("update", SCENES, "2", {})
    assert stash.heard == [Heard.OWN]


def test_two_writes_of_one_thing_are_two_hooks(stash: Stash) -> None:
    for _ in range(2):
        stash.do("update", SCENES, "2", {})
    assert [stash.call("Scene.Update.Post", "2") for _ in range(3)] == [Heard.OWN, Heard.OWN, Heard.MARKED]


def test_what_was_expected_in_vain_is_forgotten(stash: Stash) -> None:
    for number in range(3000):
        stash.clock.now = number
        with stash.hooks.own.writing([Expected("scene", How.UPDATED, str(number))]):
            pass
    assert len(stash.hooks.own) < 1100


@pytest.mark.parametrize(
    ("hook", "id_"),
    [
        ("SceneMarker.Update.Post", "1"),
        ("GalleryChapter.Create.Post", "1"),
        ("Group.Destroy.Post", "1"),
        ("Scene.Explode.Post", "1"),
        ("Scene", "1"),
        ("Scene.Update.Post", ""),
    ],
)
def test_what_nobody_looks_at_is_passed_over(stash: Stash, hook: str, id_: str) -> None:
    assert stash.call(hook, id_) is Heard.PASSED_OVER
    assert stash.news == []


@pytest.mark.parametrize("kind", ["Scene", "Image", "Gallery", "Performer", "Studio", "Tag"])
@pytest.mark.parametrize("how", [("Create", How.CREATED), ("Update", How.UPDATED), ("Destroy", How.DESTROYED)])
def test_what_others_change_is_told(stash: Stash, kind: str, how: tuple[str, How]) -> None:
    stash.call(f"{kind}.{how[0]}.Post", "12")
    assert stash.news == [EntityChanged(kind.lower(), "12", how[1])]
