import logging
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from stash_sense.configuration.catalogue import SETTINGS, shipped_registry
from stash_sense.configuration.configuration import Configuration
from stash_sense.configuration.environment import Environment
from stash_sense.configuration.registry import Category, Registry, SettingSpec
from stash_sense.configuration.resolving import Source
from stash_sense.configuration.tiers import Tier
from stash_sense.configuration.user_settings import MemoryUserSettings
from stash_sense.configuration.values import BoolType, IntType, Value
from stash_sense.errors import DiskFull, SettingInvalid, SettingRefused, SettingUnknown, StateBusy


def spec(key: str, **more: Any) -> SettingSpec:
    given: dict[str, Any] = {
        "category": Category.PERFORMANCE,
        "type": IntType(1, 100),
        "fallback": 7,
        "description": ".",
        "reader": "-",
    }
    return SettingSpec(key=key, **(given | more))


REGISTRY = Registry(
    [
        spec("size", by_tier={Tier.GPU_HIGH: 32}),
        spec("rate", old_variables=("OLD_RATE", "OLDER_RATE")),
        spec("strict", type=BoolType(), fallback=False),
        spec("threads", category=Category.START_UP, fallback=None),
    ],
    unread=["GONE"],
)


def configured(
    kept: Mapping[str, object] | None = None, variables: Mapping[str, str] | None = None, tier: Tier = Tier.CPU
) -> Configuration:
    environment = Environment.read(REGISTRY, variables or {})
    return Configuration(REGISTRY, MemoryUserSettings(kept), environment, lambda: tier)


def test_what_nobody_sets_is_the_default_of_the_machines_tier() -> None:
    assert [setting.value for setting in configured().all()] == [7, 7, False, None]
    assert configured(tier=Tier.GPU_HIGH).get("size") == 32
    assert configured(tier=Tier.GPU_LOW).get("size") == 7


def test_the_machine_is_looked_at_once_and_only_when_a_default_depends_on_it() -> None:
    asked: list[Tier] = []

    def tier() -> Tier:
        asked.append(Tier.CPU)
        return Tier.CPU

    configuration = Configuration(REGISTRY, MemoryUserSettings(), Environment({}), tier)
    configuration.get("rate")
    assert asked == []
    configuration.get("size")
    configuration.all()
    assert asked == [Tier.CPU]


def test_a_setting_that_was_set_holds_and_is_kept() -> None:
    kept = MemoryUserSettings()
    configuration = Configuration(REGISTRY, kept, Environment({}), lambda: Tier.CPU)
    (setting,) = configuration.update({"size": 50})
    assert (setting.value, setting.source) == (50, Source.USER)
    assert kept.read() == {"size": 50}
    assert configuration.reset(["size"])[0].value == 7
    assert kept.read() == {}


def test_a_change_of_several_is_all_or_nothing_and_tells_every_fault() -> None:
    configuration = configured({"rate": 3})
    with pytest.raises(SettingRefused) as caught:
        configuration.update({"strict": True, "size": 101, "rate": float("nan"), "threads": 2})
    assert caught.value.fields["faults"] == {
        "size": "it must be a whole number from 1 to 100",
        "rate": "it must be a whole number from 1 to 100",
        "threads": "it is read once at the start, from the variable STASH_SENSE_THREADS",
    }
    assert "size cannot be 101: it must be a whole number from 1 to 100; rate cannot be NaN" in str(caught.value)
    with pytest.raises(SettingRefused) as caught:
        configuration.update({"strict": True, "no such": 1, "size": 0})
    assert caught.value.fields["faults"] == {
        "no such": "there is no such setting",
        "size": "it must be a whole number from 1 to 100",
    }
    with pytest.raises(SettingUnknown):
        configuration.reset(["strict", "no such"])
    assert [configuration.get(key) for key in ("strict", "size", "rate")] == [False, 7, 3]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "50", 50.0, True, [50], {"value": 50}, 0, 101])
def test_what_is_no_value_of_a_setting_is_refused_with_its_name(value: object) -> None:
    with pytest.raises(SettingRefused) as caught:
        configured().update({"size": value})
    assert list(caught.value.fields["faults"]) == ["size"]  # type: ignore[call-overload]


def test_what_cannot_be_kept_does_not_hold() -> None:
    class Full(MemoryUserSettings):
        def write(self, changes: Mapping[str, Value | None]) -> None:
            raise DiskFull(path="state")

    configuration = Configuration(REGISTRY, Full(), Environment({}), lambda: Tier.CPU)
    heard: list[int] = []
    configuration.follow("size", heard.append)
    with pytest.raises(DiskFull):
        configuration.update({"size": 50})
    assert configuration.get("size") == 7
    assert heard == [7]


def test_what_the_environment_sets_is_locked() -> None:
    configuration = configured(variables={"STASH_SENSE_SIZE": "40"})
    setting = configuration.setting("size")
    assert (setting.value, setting.source, setting.locked) == (40, Source.ENVIRONMENT, True)
    with pytest.raises(SettingRefused, match="the variable STASH_SENSE_SIZE sets it"):
        configuration.update({"size": 50})


def test_a_whole_form_may_be_sent_back_with_what_is_locked_unchanged() -> None:
    configuration = configured(variables={"STASH_SENSE_SIZE": "40"})
    form = {setting.spec.key: setting.value for setting in configuration.all()}
    configuration.update({**form, "rate": 9})
    assert [configuration.get(key) for key in form] == [40, 9, False, None]
    assert configuration.setting("size").source is Source.ENVIRONMENT


def test_what_the_user_had_set_before_the_variable_came_holds_until_it_is_reset() -> None:
    configuration = configured({"size": 50}, {"STASH_SENSE_SIZE": "40"})
    setting = configuration.setting("size")
    assert (setting.value, setting.locked, setting.variable) == (50, False, "STASH_SENSE_SIZE")
    (setting,) = configuration.reset(["size"])
    assert (setting.value, setting.locked) == (40, True)


def test_an_old_variable_is_understood_with_a_warning_and_the_new_one_wins() -> None:
    configuration = configured(variables={"OLD_RATE": "5", "GONE": "1"})
    setting = configuration.setting("rate")
    assert (setting.value, setting.variable) == (5, "OLD_RATE")
    assert configuration.environment.warnings == (
        "The variable OLD_RATE is understood as STASH_SENSE_RATE; please rename it.",
        "The variable GONE is not read: what it sets is not part of this version.",
    )
    both = configured(variables={"OLD_RATE": "5", "STASH_SENSE_RATE": "6"})
    assert both.get("rate") == 6
    assert both.environment.warnings == (
        "The variable OLD_RATE is passed over because of STASH_SENSE_RATE; please rename it.",
    )
    assert configured(variables={"STASH_SENSE_RATE": ""}).get("rate") == 7


def test_a_variable_with_no_value_of_its_setting_is_refused_by_its_name() -> None:
    with pytest.raises(SettingInvalid, match=r"OLD_RATE cannot be 'fast': it must be a whole number from 1 to 100\."):
        configured(variables={"OLD_RATE": "fast"})


def test_what_was_kept_and_is_no_value_any_more_is_passed_over_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        configuration = configured({"size": 5000, "rate": None, "gone": 1, "strict": True})
        assert [configuration.get(key) for key in ("size", "rate", "strict")] == [7, 7, True]
    assert "'size' cannot be 5000" in caplog.text
    assert "'gone'" in caplog.text


def test_who_follows_a_setting_hears_its_value_at_once_and_every_other_one() -> None:
    configuration = configured()
    heard: list[int] = []
    leave = configuration.follow("size", heard.append)
    configuration.update({"size": 50, "rate": 3})
    configuration.update({"size": 50})
    configuration.update({"rate": 4})
    configuration.reset(["size", "rate"])
    assert heard == [7, 50, 7]
    leave()
    configuration.update({"size": 60})
    assert heard == [7, 50, 7]


def test_a_change_that_was_refused_is_not_heard() -> None:
    configuration = configured()
    heard: list[int] = []
    configuration.follow("size", heard.append)
    with pytest.raises(SettingRefused):
        configuration.update({"size": 50, "rate": 0})
    assert heard == [7]


def test_one_who_fails_keeps_nobody_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    configuration = configured()
    heard: list[int] = []

    def fail(value: int) -> None:
        raise OSError(f"no room for {value}")

    with caplog.at_level(logging.ERROR):
        configuration.follow("size", fail)
        configuration.follow("size", heard.append)
        configuration.update({"size": 50})
    assert heard == [7, 50]
    assert "no room for 50" in caplog.text


def test_one_who_follows_may_change_settings() -> None:
    configuration = configured()

    def keep_up(value: int) -> None:
        configuration.update({"rate": value})

    configuration.follow("size", keep_up)
    configuration.update({"size": 50})
    assert configuration.get("rate") == 50


def test_what_another_process_has_set_is_seen_and_heard_after_a_refresh() -> None:
    kept = MemoryUserSettings()
    configuration = Configuration(REGISTRY, kept, Environment({}), lambda: Tier.CPU)
    heard: list[int] = []
    configuration.follow("size", heard.append)
    kept.write({"size": 9})
    assert configuration.get("size") == 7
    configuration.refresh()
    assert configuration.get("size") == 9
    assert heard == [7, 9]


def test_what_was_known_holds_on_while_it_cannot_be_read_again() -> None:
    class Lost(MemoryUserSettings):
        lost = False

        def read(self) -> dict[str, object]:
            if self.lost:
                raise StateBusy(path="state", reason="locked")
            return super().read()

    kept = Lost({"size": 9})
    configuration = Configuration(REGISTRY, kept, Environment({}), lambda: Tier.CPU)
    assert configuration.get("size") == 9
    kept.lost = True
    with pytest.raises(StateBusy):
        configuration.refresh()
    assert configuration.get("size") == 9


def test_a_value_that_does_not_hold_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    configuration = configured({"size": 5000})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            configuration.refresh()
    assert caplog.text.count("5000") == 1


def test_of_changes_at_the_same_time_the_one_that_holds_is_heard_last() -> None:
    configuration = configured()
    heard: list[int] = []
    configuration.follow("size", heard.append)

    def change(first: int) -> None:
        for value in range(first, 100, 4):
            configuration.update({"size": value})

    threads = [threading.Thread(target=change, args=(first,)) for first in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard[-1] == configuration.get("size")


@pytest.mark.parametrize(
    "specs",
    [
        [spec("size"), spec("size")],
        [spec("size"), spec("rate", old_variables=("STASH_SENSE_SIZE",))],
        [spec("size", old_variables=("GONE",))],
        [spec("size", fallback=101)],
        [spec("size", fallback=None)],
        [spec("size", by_tier={Tier.CPU: 0})],
    ],
)
def test_settings_that_contradict_each_other_or_themselves_are_a_fault_of_ours(specs: list[SettingSpec]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Registry(specs, unread=["GONE"])


def test_every_setting_says_who_reads_it_and_that_module_does() -> None:
    for setting in SETTINGS:
        module = find_spec(setting.reader)
        assert module is not None, setting.key
        assert module.origin is not None, setting.key
        read = f"settings.{setting.key}" if setting.at_start else f'"{setting.key}"'
        assert read in Path(module.origin).read_text(), setting.key
    assert len(list(shipped_registry())) == len(SETTINGS)
