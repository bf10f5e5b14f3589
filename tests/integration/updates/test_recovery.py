"""What is damaged by hand, or by a disk, is mended by the commands that its error names."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.testing
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.cli.app import app
from stash_sense.errors import DatabaseDamaged
from stash_sense.kernel.cancel import CancelToken

Damage = Callable[[Stage], object]
DAMAGES: dict[str, Damage] = {
    "pointer": lambda stage: (stage.library.folder / "current.json").write_bytes(b"{"),
    "folder": lambda stage: shutil.rmtree(stage.library.folder / made.OLD),
    "manifest": lambda stage: (stage.library.folder / made.OLD / "manifest.json").write_bytes(b"{}"),
    "vectors": lambda stage: (stage.library.folder / made.OLD / "vectors-one.npy").unlink(),
}
every_damage = pytest.mark.parametrize("name", DAMAGES)


@every_damage
def test_what_is_damaged_is_told(stage: Stage, name: str) -> None:
    DAMAGES[name](stage)
    with pytest.raises(DatabaseDamaged, match="db rollback"):
        made.answer(stage.library)


@every_damage
def test_an_update_mends_it(stage: Stage, name: str) -> None:
    DAMAGES[name](stage)
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW


@every_damage
def test_an_import_mends_it(stage: Stage, name: str) -> None:
    DAMAGES[name](stage)
    stage.bring_in()
    assert made.answer(stage.library) == made.NEW


@every_damage
def test_an_update_to_the_same_version_mends_it(stage: Stage, name: str) -> None:
    for file in stage.release.files:
        file.unlink()
    made.published(stage.place, made.OLD)
    assert stage.update() is None
    DAMAGES[name](stage)
    assert stage.update() is not None
    assert made.answer(stage.library) == made.OLD


@pytest.mark.parametrize("name", ["pointer", "vectors"])
def test_an_older_version_does_not_come_back_by_way_of_a_damage(stage: Stage, name: str) -> None:
    for file in stage.release.files:
        file.unlink()
    made.published(stage.place, "2026.8.1")
    DAMAGES[name](stage)
    before = stage.everything()
    assert stage.update() is None
    assert stage.everything() == before


@pytest.mark.parametrize(("name", "left"), [("pointer", made.NEW), ("folder", made.OLD), ("manifest", made.OLD)])
def test_the_command_that_the_error_names_mends_it(stage: Stage, tmp_path: Path, name: str, left: str) -> None:
    stage.update()
    damages: dict[str, Callable[[], object]] = {
        "pointer": lambda: (stage.library.folder / "current.json").write_bytes(b""),
        "folder": lambda: shutil.rmtree(stage.library.folder / made.NEW),
        "manifest": lambda: (stage.library.folder / made.NEW / "manifest.json").unlink(),
    }
    damages[name]()
    environment = {"STASH_SENSE_DATA_DIR": str(tmp_path / "data"), "STASH_SENSE_MODELS_DIR": str(tmp_path / "models")}

    def run(*words: str) -> typer.testing.Result:
        return typer.testing.CliRunner().invoke(app, ["db", *words, "--json"], obj=CancelToken(), env=environment)

    assert isinstance(run("info").exception, DatabaseDamaged)
    rolled_back = run("rollback")
    assert rolled_back.exit_code == 0, rolled_back.exception
    assert json.loads(rolled_back.stdout)["version"] == left
    assert json.loads(run("info").stdout)["version"] == left
    assert made.answer(stage.library) == left
