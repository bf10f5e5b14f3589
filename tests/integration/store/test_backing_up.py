"""Backups: whole, of one moment, while somebody writes; and put back in one step."""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import filelock
import pytest
from tests.integration.store.states import NEXT, is_whole, made_state, names, next_migrations, rows
from tests.queue_files import ended, kind, new_job, service, until

from stash_sense.adapters.store.backup import KEPT, automatic_backup, backup
from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.locks import SERVICE_LOCK
from stash_sense.adapters.store.restoring import restore
from stash_sense.adapters.store.schema import SHIPPED, schema_in
from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.upkeep import integrity_faults, vacuum
from stash_sense.errors import (
    BackupFolderMissing,
    BackupPlaceTaken,
    BackupUnusable,
    Cancelled,
    DiskFull,
    StateBusy,
    StateDamaged,
    StateForeign,
    StateMissing,
)
from stash_sense.jobs.job import SLOTS, JobStatus, Slot
from stash_sense.jobs.store import Checkpoint, Outcome, Report
from stash_sense.kernel.cancel import CancelToken


@contextmanager
def written_to(path: Path) -> Iterator[list[int]]:
    """Write pairs of rows, each pair in one transaction, until the block ends; gives how many there are so far."""
    store = Store(path)
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            for key in ("left", "right"):
                with store.write() as connection:
                    connection.exec_driver_sql(
                        "INSERT INTO user_settings VALUES (?, ?, ''), (?, ?, '')",
                        (f"{key} {written[0]}", "x" * 500, f"{key} {written[0]} too", "y" * 500),
                    )
            written[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()
        store.close()


def damage(path: Path) -> None:
    """Overwrite a page in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(os.urandom(4096))


def test_a_backup_while_others_write_is_one_moment_of_it_and_comes_back(path: Path, tmp_path: Path) -> None:
    made_state(path, big="x" * 3_000_000)
    with written_to(path) as written:
        until(lambda: written[0] >= 5)
        before = written[0]
        made = backup(path, tmp_path / "kept.db")
        after = written[0]
        until(lambda: written[0] > after)
    assert (made.schema, made.size) == (SHIPPED.head, made.file.stat().st_size)
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert is_whole(made.file)
    kept = rows(made.file)
    # What one transaction wrote is there together or not at all, and what was committed before is.
    assert all(f"{key} too" in kept for key in kept if key.startswith(("left", "right")) and not key.endswith("too"))
    assert {f"right {number}" for number in range(before)} <= set(kept)
    assert f"left {after + 2}" not in kept
    assert names(tmp_path) == {"data", "kept.db"}

    restored = restore(made.file, path)
    assert rows(path) == kept
    assert restored.replaced is not None
    assert len(rows(restored.replaced)) > len(kept)
    Store.open(path).close()


def test_a_backup_has_a_place_of_its_own_and_stays(path: Path) -> None:
    made_state(path, a="1")
    kept = backup(path)
    automatic = [automatic_backup(path).file for _ in range(KEPT + 2)]
    assert names(kept.file.parent) == {kept.file.name, *(file.name for file in automatic[-KEPT:])}
    assert rows(kept.file) == {"a": "1"}


def test_a_backup_may_take_the_place_of_an_older_one_but_of_nothing_else(path: Path, tmp_path: Path) -> None:
    made_state(path, a="1")
    target = tmp_path / "kept.db"
    backup(path, target)
    made_state(path, b="2")
    assert rows(backup(path, target).file) == {"a": "1", "b": "2"}
    (tmp_path / "letter").write_text("Dear reader")
    (tmp_path / "link").symlink_to(path)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE recipes (id)")
    for taken in (path, tmp_path / "link", tmp_path / "letter", tmp_path, tmp_path / "other.db", Path("/dev/null")):
        with pytest.raises(BackupPlaceTaken):
            backup(path, taken)
    assert (tmp_path / "letter").read_text() == "Dear reader"
    assert rows(path) == {"a": "1", "b": "2"}


def test_a_backup_makes_no_folders(path: Path, tmp_path: Path) -> None:
    made_state(path, a="1")
    with pytest.raises(BackupFolderMissing) as missing:
        backup(path, tmp_path / "new folder" / "kept.db")
    assert str(tmp_path / "new folder") in str(missing.value)
    assert names(tmp_path) == {"data"}


def test_without_a_state_there_is_nothing_to_back_up(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StateMissing):
        backup(path)
    with pytest.raises(StateMissing):
        backup(path, tmp_path / "kept.db")
    with pytest.raises(StateMissing):
        automatic_backup(path)
    assert names(tmp_path) == set()


def test_a_damaged_state_is_told_and_no_backup_is_kept(path: Path, tmp_path: Path) -> None:
    made_state(path, **{str(number): "x" * 900 for number in range(500)})
    damage(path)
    with pytest.raises(StateDamaged):
        backup(path, tmp_path / "kept.db")
    assert names(tmp_path) == {"data"}


def test_a_backup_that_is_stopped_leaves_nothing(path: Path, tmp_path: Path) -> None:
    made_state(path, big="x" * 6_000_000)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        backup(path, tmp_path / "kept.db", cancel, lambda progress: cancel.cancel())
    assert names(tmp_path) == {"data"}


def test_a_full_disk_leaves_no_half_of_a_backup_and_the_older_one(path: Path, small_disk: Path) -> None:
    made_state(path, a="1")
    older = backup(path, small_disk / "kept.db").file.read_bytes()
    made_state(path, big="x" * 600_000)
    with pytest.raises(DiskFull):
        backup(path, small_disk / "kept.db")
    assert names(small_disk) == {"kept.db"}
    assert (small_disk / "kept.db").read_bytes() == older


def test_a_state_on_a_disk_that_cannot_be_written_can_be_backed_up(small_disk: Path, tmp_path: Path) -> None:
    path = made_state(small_disk / "stash_sense.db", a="1")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert rows(backup(path, tmp_path / "kept.db").file) == {"a": "1"}


def test_a_backup_comes_back_where_there_is_no_state(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(tmp_path / "other" / "stash_sense.db", a="1"), tmp_path / "kept.db").file
    assert restore(file, path).replaced is None
    assert rows(path) == {"a": "1"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path.parent) == {"stash_sense.db"}


def test_a_backup_of_an_older_schema_is_migrated_before_it_comes_back(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(path, a="1")).file
    content = file.read_bytes()
    migrations = next_migrations(tmp_path)
    Store.open(path, migrations).close()
    # The next schema has a table that this program's own description has not.
    with pytest.raises(BackupUnusable, match=f"not as schema {NEXT} is"):
        restore(file, path, migrations)
    assert file.read_bytes() == content
    assert rows(path) == {"a": "1"}


def test_what_is_no_backup_is_refused_and_the_state_stays(path: Path, tmp_path: Path) -> None:
    made_state(path, a="1")
    good = backup(path, tmp_path / "good.db").file
    made = {
        name: tmp_path / name for name in ("letter", "empty", "cut.db", "torn.db", "other.db", "newer.db", "evil.db")
    }
    made["letter"].write_text("Dear reader, I am no database.")
    made["empty"].touch()
    made["cut.db"].write_bytes(good.read_bytes()[:8192])
    backup(made_state(tmp_path / "x" / "big.db", **{str(n): "x" * 900 for n in range(500)}), made["torn.db"])
    damage(made["torn.db"])
    with closing(sqlite3.connect(made["other.db"])) as other:
        other.execute("CREATE TABLE recipes (id)")
    Store.open(tmp_path / "y" / "n.db", next_migrations(tmp_path)).close()
    backup(tmp_path / "y" / "n.db", made["newer.db"])
    made["evil.db"].write_bytes(good.read_bytes())
    with closing(sqlite3.connect(made["evil.db"])) as evil:
        evil.execute("CREATE TRIGGER t AFTER INSERT ON user_settings BEGIN DELETE FROM job_queue; END")
    before = path.read_bytes()
    for file in (*made.values(), tmp_path, tmp_path / "missing", path, Path("/dev/null")):
        with pytest.raises(BackupUnusable) as caught:
            restore(file, path)
        assert str(file) in str(caught.value)
    assert path.read_bytes() == before
    assert names(path.parent) == {"stash_sense.db"}


def test_a_damaged_state_gives_way_to_a_backup_and_is_kept(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(path, a="1"), tmp_path / "kept.db").file
    path.write_bytes(b"no database any more")
    path.with_name("stash_sense.db-wal").write_bytes(b"an old log")
    restored = restore(file, path)
    assert restored.replaced is not None
    assert restored.replaced.read_bytes() == b"no database any more"
    assert restored.replaced.with_name(f"{restored.replaced.name}-wal").read_bytes() == b"an old log"
    Store.open(path).close()
    assert rows(path) == {"a": "1"}


def test_a_torn_state_gives_way_to_a_backup_too(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(path, a="1"), tmp_path / "kept.db").file
    made_state(path, **{str(number): "x" * 900 for number in range(500)})
    damage(path)
    torn = path.read_bytes()
    replaced = restore(file, path).replaced
    assert rows(path) == {"a": "1"}
    assert replaced is not None
    assert len(replaced.read_bytes()) == len(torn)


def test_a_log_that_was_not_brought_in_yet_is_not_taken_for_the_next_states(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(path, a="1"), tmp_path / "kept.db").file
    made_state(path, b="2")
    # As after a kill: the file, and beside it a log with a transaction that is only there.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO user_settings VALUES ('c', '3', '')")
        connection.commit()
        copies = {name: path.with_name(name).read_bytes() for name in names(path.parent)}
    for name, content in copies.items():
        path.with_name(name).write_bytes(content)
    assert len(copies) == 3
    restored = restore(file, path)
    assert rows(path) == {"a": "1"}
    assert restored.replaced is not None
    assert rows(restored.replaced) == {"a": "1", "b": "2", "c": "3"}


def test_no_state_is_replaced_while_a_service_runs_or_somebody_uses_it(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(path, a="1"), tmp_path / "kept.db").file
    with filelock.FileLock(path.parent / SERVICE_LOCK), pytest.raises(StateBusy, match="a service is running"):
        restore(file, path)
    with filelock.FileLock(path.parent / SERVICE_LOCK):
        assert rows(backup(path, tmp_path / "meanwhile.db").file) == {"a": "1"}
    store = Store.open(path)
    with store.read() as connection:
        connection.exec_driver_sql("SELECT * FROM user_settings").fetchall()
        connection.commit()
        with pytest.raises(StateBusy):
            restore(file, path)
    store.close()
    restore(file, path)


def test_a_full_disk_leaves_the_state_as_it_is(small_disk: Path, path: Path) -> None:
    file = backup(made_state(path, big="x" * 450_000)).file
    there = made_state(small_disk / "stash_sense.db", a="1")
    with pytest.raises(DiskFull):
        restore(file, there)
    assert rows(there) == {"a": "1"}
    assert names(small_disk) - {"backups"} == {"stash_sense.db"}


def test_what_killed_processes_left_goes_when_it_is_old(path: Path) -> None:
    made_state(path)
    folder = backup(path).file.parent
    old, new, own = (
        folder / f".stash_sense-x.db.part-{'0' * 16}",
        folder / f".stash_sense-x.db.part-{'1' * 16}",
        folder / "notes.txt",
    )
    beside = path.with_name(f".stash_sense.db.part-{'2' * 16}-journal")
    for file in (old, new, own, beside):
        file.touch()
    for file in (old, own, beside):
        os.utime(file, (0, 0))
    Store.open(path).close()
    assert [file.exists() for file in (old, new, own, beside)] == [False, True, True, False]


def test_the_state_of_another_program_is_kept_when_a_backup_takes_its_place(path: Path, tmp_path: Path) -> None:
    file = backup(made_state(tmp_path / "x.db", a="1"), tmp_path / "kept.db").file
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (id)")
    replaced = restore(file, path).replaced
    assert replaced is not None
    with pytest.raises(StateForeign):
        schema_in(replaced)
    assert rows(path) == {"a": "1"}


def test_upkeep_finds_damage_and_gives_space_back(path: Path) -> None:
    store = Store.open(made_state(path, **{str(number): "x" * 900 for number in range(2000)}))
    assert integrity_faults(store) == []
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM user_settings WHERE key > '2'")
    assert vacuum(store) > 500_000
    assert integrity_faults(store) == []
    store.close()
    damage(path)
    assert integrity_faults(store) != []
    store.close()


def test_a_full_disk_leaves_a_state_without_upkeep_as_it_was(small_disk: Path) -> None:
    store = Store.open(made_state(small_disk / "stash_sense.db", a="x" * 250_000))
    with pytest.raises(DiskFull):
        vacuum(store)
    store.close()
    assert is_whole(small_disk / "stash_sense.db")
    assert set(rows(small_disk / "stash_sense.db")) == {"a"}


def test_jobs_that_were_active_in_a_backup_come_back_cancelled_and_are_not_begun(path: Path, tmp_path: Path) -> None:
    ran: list[int] = []
    with closing(Store.open(path)) as store:
        jobs = SqlJobStore(store.engine)
        running, waiting, later, done = (jobs.submit(new_job("look"))[0] for _ in range(4))
        claims = [jobs.claim("killed", SLOTS, ["look"]) for _ in range(3)]
        assert [job and job.id for job in claims] == [running.id, waiting.id, later.id]
        runs = [job.claim for job in claims if job is not None]
        jobs.checkpoint(runs[0], Checkpoint(7, Report("reading", 7, 9)))
        jobs.finish(runs[1], Outcome(JobStatus.QUEUED))
        jobs.finish(runs[2], Outcome(JobStatus.PENDING, not_before=0.0, failed=True))
        claim = jobs.claim("me", {**SLOTS, Slot.LIGHT: 9}, ["look"])
        assert claim is not None
        kept = backup(path, tmp_path / "kept.db").file
    assert restore(kept, path).jobs_cancelled == 4

    with closing(Store.open(path)) as store:
        one = service(SqlJobStore(store.engine), kind(lambda context: ran.append(context.cursor)))
        one.dispatcher.start(alone=True)
        probe, _ = one.queue.submit("look")
        ended(one, probe)
        assert ran == [None]
        for job in (running, waiting, later, done):
            found = one.queue.get(job.id)
            assert (found.status, found.owner, found.error_code) == (JobStatus.CANCELLED, None, "job_from_backup")
            assert f"`stash-sense jobs retry {job.id}`" in str(found.error_message)
        one.queue.retry(running.id)
        assert ended(one, running).status is JobStatus.COMPLETED
        assert ran == [None, 7]
        one.dispatcher.stop()


def test_restoring_a_backup_without_active_jobs_cancels_none(path: Path, tmp_path: Path) -> None:
    made_state(path, a="1")
    assert restore(backup(path, tmp_path / "kept.db").file, path).jobs_cancelled == 0


def test_giving_back_space_never_wins_less_than_nothing(path: Path) -> None:
    with closing(Store.open(path)) as store:
        with store.write() as connection:  # what is in the log is not won when it comes into the file
            connection.exec_driver_sql("INSERT INTO user_settings VALUES ('a', ?, '')", ("x" * 500_000,))
        assert vacuum(store) == 0
