"""What every keeper of user settings does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import ClauseElement, Engine, event
from sqlalchemy.dialects import postgresql

from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.user_settings import SqlUserSettings
from stash_sense.configuration.user_settings import MemoryUserSettings, UserSettings
from stash_sense.configuration.values import Value
from stash_sense.errors import StateTooNew

Again = Callable[[], UserSettings]


@pytest.fixture(params=["memory", "sqlite"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Again]:
    """Give a keeper of the same settings, as another process would have it where it can."""
    if request.param == "memory":
        memory = MemoryUserSettings()
        yield lambda: memory
        return
    stores: list[Store] = []

    def opened() -> Store:
        stores.append(Store.open(tmp_path / "stash_sense.db"))
        return stores[-1]

    yield lambda: SqlUserSettings(tmp_path / "stash_sense.db", opened)
    for store in stores:
        store.close()


def test_nothing_is_kept_at_first(again: Again, tmp_path: Path) -> None:
    assert again().read() == {}
    assert list(tmp_path.iterdir()) == []


def test_values_of_every_type_come_back_as_they_were(again: Again) -> None:
    values: dict[str, Value | None] = {
        "a": True,
        "b": 0,
        "c": -(10**15),
        "d": "größer \U0001f600 'x'",
        "e": False,
        "f": "",
    }
    again().write(values)
    kept = again().read()
    assert kept == values
    assert {key: type(value) for key, value in kept.items()} == {key: type(value) for key, value in values.items()}


def test_a_value_is_replaced_or_removed_and_others_stay(again: Again) -> None:
    again().write({"a": 1, "b": 2, "c": 3})
    again().write({"a": 10, "b": None, "never": None})
    assert again().read() == {"a": 10, "c": 3}
    again().write({})
    assert again().read() == {"a": 10, "c": 3}


def test_what_was_read_is_the_callers_own(again: Again) -> None:
    again().write({"a": 1})
    again().read()["a"] = 2
    assert again().read() == {"a": 1}


def test_what_is_no_json_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.open(tmp_path / "stash_sense.db")
    keeper = SqlUserSettings(store.path, lambda: store)
    keeper.write({"a": 1, "b": 2})
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE user_settings SET value = '{' WHERE key = 'a'")
    assert keeper.read() == {"b": 2}
    assert "'a'" in caplog.text
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateTooNew):
        keeper.read()
    store.close()


def test_postgresql_understands_what_is_asked(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "stash_sense.db")
    asked: list[ClauseElement] = []

    @event.listens_for(Engine, "before_execute")
    def listen(_connection: object, statement: object, *_: object) -> None:
        if isinstance(statement, ClauseElement):
            asked.append(statement)

    try:
        keeper = SqlUserSettings(store.path, lambda: store)
        keeper.write({"a": 1, "b": None})
        keeper.read()
    finally:
        event.remove(Engine, "before_execute", listen)
        store.close()
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    assert [str(one.compile(dialect=dialect)).split()[0] for one in asked] == ["DELETE", "INSERT", "SELECT"]
