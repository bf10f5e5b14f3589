"""`stash-sense settings`, `backup` and `restore` as a user types them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import filelock
import pytest
import typer.testing

from stash_sense.bootstrap import build
from stash_sense.cli.app import app
from stash_sense.identification.requesting import request_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.settings import load_settings


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    return {
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
        "STASH_SENSE_PACK": None,
        "STASH_SENSE_DEVICE": "cpu",
        "STASH_SENSE_NUM_FRAMES": None,
        "COLUMNS": "200",
    }


def run(environment: dict[str, str | None], *words: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=environment)


def told(environment: dict[str, str | None], *words: str) -> Any:
    result = run(environment, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_looking_makes_no_state(environment: dict[str, str | None], tmp_path: Path) -> None:
    document = told(environment, "settings", "list")
    assert document["tier"] == "cpu"
    values = {setting["key"]: setting["value"] for setting in document["settings"]}
    assert values["num_frames"] == 60
    assert values["device"] == "cpu"
    assert run(environment, "settings", "get", "strict").stdout == "false\n"
    assert list(tmp_path.iterdir()) == []


def test_what_is_set_holds_for_the_next_command_and_is_reset(environment: dict[str, str | None]) -> None:
    assert run(environment, "settings", "set", "num_frames", "30").stdout == "num_frames is 30 (you).\n"
    assert run(environment, "settings", "get", "num_frames").stdout == "30\n"
    assert "num_frames" in run(environment, "settings", "list").stdout
    (setting,) = told(environment, "settings", "reset", "num_frames")["settings"]
    assert (setting["value"], setting["source"]) == (60, "fallback")


def test_commands_and_the_service_look_at_a_file_alike(
    environment: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("num_frames", "30"),
        ("matching_mode", "clustered_frequency"),
        ("strict", "yes"),
        ("top_k", "0"),
    ):
        assert run(environment, "settings", "set", name, value).exit_code == 0
    for name, text in environment.items():
        if text is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, text)
    configuration = build(load_settings()).configuration
    request = request_of(configuration)
    assert (request.plan.num_frames, request.mode, request.strict, request.top_k) == (
        30,
        "clustered_frequency",
        True,
        0,
    )
    asked = request_of(configuration, frames=90, mode="template", strict=False, top_k=2, tagged=["Ada"])
    assert (asked.plan.num_frames, asked.mode, asked.strict, asked.top_k) == (90, "template", False, 2)
    assert asked.tagged == {"Ada"}


def test_the_idle_time_is_applied_live(environment: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASH_SENSE_DATA_DIR", str(environment["STASH_SENSE_DATA_DIR"]))
    services = build(load_settings())
    services.configuration.update({"resource_idle_seconds": 60})
    assert services.resources.idle_seconds == 60
    services.configuration.update({"resource_idle_seconds": 5})
    assert services.resources.idle_seconds == 5
    services.configuration.reset(["resource_idle_seconds"])
    assert services.resources.idle_seconds == 1800
    services.store.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "num_frames", "9"), "setting_refused"),
        (("set", "num_frames", "nan"), "setting_refused"),
        (("set", "strict", "perhaps"), "setting_refused"),
        (("set", "device", "gpu"), "setting_refused"),
        (("reset", "device"), "setting_refused"),
        (("set", "speed", "9"), "setting_unknown"),
        (("get", "speed"), "setting_unknown"),
        (("reset", "num_frames", "speed"), "setting_unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    environment: dict[str, str | None], tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    result = run(environment, "settings", *words)
    assert result.exit_code == 1
    assert getattr(result.exception, "code", "") == code
    assert list(tmp_path.iterdir()) == []


def test_what_a_variable_sets_is_locked(environment: dict[str, str | None]) -> None:
    environment["STASH_SENSE_NUM_FRAMES"] = "40"
    setting = told(environment, "settings", "get", "num_frames")
    assert (setting["value"], setting["source"], setting["locked"]) == (40, "environment", True)
    result = run(environment, "settings", "set", "num_frames", "50")
    assert "STASH_SENSE_NUM_FRAMES" in str(result.exception)


def test_variables_of_the_existing_system_are_told_once_on_stderr(environment: dict[str, str | None]) -> None:
    environment |= {"FACE_CANDIDATES": "20", "DATA_DIR": "/somewhere/else"}
    result = run(environment, "settings", "get", "top_k")
    assert result.stdout == "3\n"
    assert "FACE_CANDIDATES is not read" in result.stderr
    assert "DATA_DIR is passed over because of STASH_SENSE_DATA_DIR" in result.stderr


def test_a_backup_comes_back(environment: dict[str, str | None], tmp_path: Path) -> None:
    run(environment, "settings", "set", "top_k", "7")
    made = told(environment, "backup", "--out", str(tmp_path / "kept.db"))
    assert made["file"] == str(tmp_path / "kept.db")
    assert made["bytes"] == (tmp_path / "kept.db").stat().st_size
    run(environment, "settings", "set", "top_k", "8")
    restored = told(environment, "restore", str(tmp_path / "kept.db"))
    assert run(environment, "settings", "get", "top_k").stdout == "7\n"
    with closing(sqlite3.connect(restored["replaced"])) as before:
        assert before.execute("SELECT value FROM user_settings").fetchall() == [("8",)]
    assert str(tmp_path / "data" / "backups") in run(environment, "backup").stdout
    assert "is kept" in run(environment, "restore", str(tmp_path / "kept.db")).stdout


def test_without_a_state_or_beside_a_service_it_says_so(environment: dict[str, str | None], tmp_path: Path) -> None:
    assert getattr(run(environment, "backup").exception, "code", "") == "state_missing"
    assert list(tmp_path.iterdir()) == []
    run(environment, "settings", "set", "top_k", "7")
    run(environment, "backup", "--out", str(tmp_path / "kept.db"))
    with filelock.FileLock(tmp_path / "data" / "service.lock"):
        result = run(environment, "restore", str(tmp_path / "kept.db"))
    assert getattr(result.exception, "code", "") == "state_busy"
    assert "a service is running" in str(result.exception)


@pytest.mark.parametrize("value", ["nonsense", "a/b/c", "ftp://example.org/x", "releases"])
def test_a_source_of_databases_that_no_job_could_ask_is_refused(
    environment: dict[str, str | None], tmp_path: Path, value: str
) -> None:
    refused = run(environment, "settings", "set", "database_source", value).exception
    assert getattr(refused, "code", "") == "setting_refused"
    assert "it must be the whole path of a folder, an https address, or owner/name on GitHub, or empty" in str(
        refused
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["/mnt/unplugged", "~/releases", "https://example.org/x", "someone/faces"])
def test_a_source_of_databases_may_be_out_of_reach(environment: dict[str, str | None], value: str) -> None:
    assert run(environment, "settings", "set", "database_source", value).stdout.startswith("database_source is ")


def test_an_update_takes_the_source_that_is_set(environment: dict[str, str | None], tmp_path: Path) -> None:
    told_nothing = run(environment, "db", "update", "--check").exception
    assert "add --from SOURCE" in str(told_nothing)
    assert "`stash-sense settings set database_source SOURCE`" in str(told_nothing)
    (tmp_path / "releases").mkdir()
    run(environment, "settings", "set", "database_source", str(tmp_path / "releases"))
    asked = run(environment, "db", "update", "--check")
    assert str(tmp_path / "releases") in asked.output + str(asked.exception)


def test_a_negative_number_is_refused_as_a_value(environment: dict[str, str | None]) -> None:
    refused = run(environment, "settings", "set", "resource_idle_seconds", "-1").exception
    assert str(refused).startswith('resource_idle_seconds cannot be "-1": it must be a whole number of seconds from ')


def test_an_empty_value_is_called_empty(environment: dict[str, str | None]) -> None:
    assert run(environment, "settings", "reset", "database_source").stdout == "database_source is empty (default).\n"
    assert run(environment, "settings", "get", "database_source").stdout == "\n"


def test_restoring_tells_of_the_jobs_that_were_cancelled(environment: dict[str, str | None], tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.db")
    assert run(environment, "jobs", "run", "maintenance", "--no-wait").exit_code == 0
    run(environment, "backup", "--out", kept)
    assert told(environment, "restore", kept)["jobs_cancelled"] == 1
    assert "1 job was active in the backup and cancelled" in run(environment, "restore", kept).stdout
    (job,) = told(environment, "jobs", "list")["jobs"]
    assert "`stash-sense jobs retry 1` goes on with it" in job["error_message"]
