"""`stash-sense capabilities` as a user types it."""

import json
from pathlib import Path

import pytest
import typer.testing

from stash_sense.cli.app import app
from stash_sense.kernel.cancel import CancelToken


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    return {
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
        "STASH_SENSE_PACK": None,
        "STASH_SENSE_DEVICE": "cpu",
        "COLUMNS": "200",
    }


def run(environment: dict[str, str | None], *words: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=environment)


def test_where_nothing_is_installed_it_says_what_to_type(environment: dict[str, str | None]) -> None:
    result = run(environment, "capabilities")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "identification no The model pack lite is not installed; type `stash-sense models install lite`." in lines
    assert "tattoo signal no It is not part of this version." in lines


def test_programs_get_one_document(environment: dict[str, str | None]) -> None:
    told = json.loads(run(environment, "capabilities", "--json").stdout)
    assert told["schema"] == 1
    by_name = {capability["name"]: capability for capability in told["capabilities"]}
    assert by_name["performers_database"] == {
        "name": "performers_database",
        "available": False,
        "note": "",
        "reason": "There is no performers database yet",
        "remedy": "stash-sense db build FOLDER",
    }
    assert json.loads(run(environment, "doctor", "--json").stdout)["capabilities"] == told["capabilities"]


def test_looking_makes_no_folder(environment: dict[str, str | None], tmp_path: Path) -> None:
    run(environment, "capabilities")
    assert list(tmp_path.iterdir()) == []


def test_the_documented_example_has_the_fields_of_the_document(environment: dict[str, str | None]) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/capabilities.md").read_text()
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    told = json.loads(run(environment, "capabilities", "--json").stdout)
    assert [capability["name"] for capability in shown["capabilities"]] == [
        capability["name"] for capability in told["capabilities"]
    ]
    assert shown.keys() == told.keys()
    assert shown["capabilities"][0].keys() == told["capabilities"][0].keys()
