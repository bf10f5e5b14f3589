"""`stash-sense models` and `doctor` as a user types them, on a models folder with tiny packs."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.integration.models import packs

from stash_sense.cli.app import app
from stash_sense.errors import LicenceNotAccepted, PackNotInstalled, PackUnknown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.models.pack_folder import write_card


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    return {
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
        "STASH_SENSE_PACK": None,
        "STASH_SENSE_DEVICE": "cpu",
    }


@pytest.fixture
def own_pack(tmp_path: Path) -> str:
    """A pack that the user made, installed."""
    supplied = packs.write_files(tmp_path / "supplied", packs.files_of("buffalo_sc"))
    store = packs.store(tmp_path / "models")
    card = packs.installer(store).install("buffalo_sc", supplied=supplied, accept_licence=True).card
    (tmp_path / "models" / "buffalo_sc").rename(tmp_path / "models" / "mine")
    write_card(tmp_path / "models" / "mine", card.model_copy(update={"id": "mine"}))
    return "mine"


def run(environment: dict[str, str | None], *words: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=environment)


def document(result: typer.testing.Result) -> Any:
    return json.loads(result.stdout)


def test_all_packs_are_listed_with_their_states(environment: dict[str, str | None], own_pack: str) -> None:
    result = run(environment, "models", "list", "--json")
    assert result.exit_code == 0
    states = {pack["id"]: pack["state"] for pack in document(result)["packs"]}
    assert states == dict.fromkeys(
        ("lite", "duo", "trio", "stash-sense", "buffalo_l", "buffalo_sc"), "not installed"
    ) | {own_pack: "installed"}
    text = run(environment, "models", "list").stdout
    assert "models install lite" in text
    assert own_pack in text


def test_info_tells_the_licence_and_what_to_type(environment: dict[str, str | None]) -> None:
    told = document(run(environment, "models", "info", "buffalo_l", "--json"))
    assert told["licence_must_be_accepted"]
    assert told["what_to_type"] == "stash-sense models install buffalo_l --from FOLDER_OR_ZIP --accept-licence"
    assert "non-commercial" in run(environment, "models", "info", "buffalo_l").stdout
    assert isinstance(run(environment, "models", "info", "absent").exception, PackUnknown)


def test_the_state_of_each_file_is_told(environment: dict[str, str | None], own_pack: str, tmp_path: Path) -> None:
    def files() -> dict[str, Any]:
        told = document(run(environment, "models", "info", own_pack, "--json"))
        listed = document(run(environment, "models", "list", "--json"))["packs"]
        assert next(pack for pack in listed if pack["id"] == own_pack)["files"] == told["files"]
        return {file["name"]: file for file in told["files"]}

    whole = files()
    assert {file["state"] for file in whole.values()} == {"installed"}
    content = (tmp_path / "models" / own_pack / "w600k_mbf.onnx").read_bytes()
    assert whole["w600k_mbf.onnx"] == {
        "name": "w600k_mbf.onnx",
        "state": "installed",
        "bytes": len(content),
        "sha256": packs.sha256(content),
        "reason": "",
    }
    (tmp_path / "models" / own_pack / "w600k_mbf.onnx").write_bytes(b"x" * len(content))
    (tmp_path / "models" / own_pack / "det_500m.onnx").unlink()
    harmed = files()
    assert {name: file["state"] for name, file in harmed.items()} == {
        "det_500m.onnx": "missing",
        "w600k_mbf.onnx": "damaged",
    }
    assert harmed["w600k_mbf.onnx"]["reason"] == "w600k_mbf.onnx has other content than it was installed with"
    assert "det_500m.onnx (missing, " in " ".join(run(environment, "models", "info", own_pack).stdout.split())


def test_files_of_a_pack_that_is_not_installed_are_told_as_far_as_they_are_known(
    environment: dict[str, str | None], tmp_path: Path
) -> None:
    files = {file["name"]: file for file in document(run(environment, "models", "info", "lite", "--json"))["files"]}
    assert {file["state"] for file in files.values()} == {"missing"}
    assert files["retinaface.onnx"]["bytes"] > 1_000_000
    assert len(files["retinaface.onnx"]["sha256"]) == 64
    assert (files["dlib128.onnx"]["bytes"], files["dlib128.onnx"]["sha256"]) == (None, None), "made at install"
    (tmp_path / "models" / "lite").mkdir(parents=True)
    told = document(run(environment, "models", "info", "lite", "--json"))
    assert {file["state"] for file in told["files"]} == {"damaged"}


def test_verify_checks_the_installed_packs(environment: dict[str, str | None], own_pack: str, tmp_path: Path) -> None:
    result = run(environment, "models", "verify")
    assert (result.exit_code, result.stdout) == (0, f"{own_pack} is whole and gives its known answers.\n")
    (tmp_path / "models" / own_pack / "w600k_mbf.onnx").write_bytes(b"x")
    result = run(environment, "models", "verify", own_pack, "--json")
    assert result.exit_code == 1
    assert document(result)["packs"][0]["code"] == "pack_corrupt"


def test_verify_tells_what_is_damaged_on_stderr_as_every_command_does(
    environment: dict[str, str | None], own_pack: str, tmp_path: Path
) -> None:
    (tmp_path / "models" / own_pack / "w600k_mbf.onnx").write_bytes(b"x")
    for words in ((), (own_pack,)):
        result = run(environment, "models", "verify", *words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"stash-sense: The model pack {own_pack} is damaged (w600k_mbf.onnx has 1 ")


def test_info_speaks_plain_words(environment: dict[str, str | None]) -> None:
    lines = [" ".join(line.split()) for line in run(environment, "models", "info", "lite").stdout.splitlines()]
    for line in ("used by default no", "has an update no", "to download 103 MB", "on the disk 30 MB"):
        assert line in lines
    text = "\n".join(lines)
    assert "True" not in text
    assert "False" not in text
    assert "bytes" not in text
    told = document(run(environment, "models", "info", "lite", "--json"))
    assert (told["default"], told["download_bytes"]) == (False, 102735116)


def test_verify_without_any_pack_says_what_to_install(environment: dict[str, str | None]) -> None:
    assert isinstance(run(environment, "models", "verify").exception, PackNotInstalled)


def test_install_refuses_with_our_errors(environment: dict[str, str | None]) -> None:
    assert isinstance(run(environment, "models", "install", "buffalo_l").exception, LicenceNotAccepted)
    assert run(environment, "models", "install").exit_code == 2


def test_doctor_says_what_to_type_when_nobody_can_be_identified(environment: dict[str, str | None]) -> None:
    result = run(environment, "doctor", "--json")
    told = document(result)
    assert result.exit_code == 1
    assert not told["can_identify"]
    assert any("stash-sense models install lite" in sentence for sentence in told["advice"])
    assert told["hardware"]["cpus"] >= 1
    assert any(provider["works"] for provider in told["hardware"]["providers"])
    assert "stash-sense models install lite" in run(environment, "doctor").stdout


def test_doctor_is_content_with_a_chosen_pack_that_is_whole(
    environment: dict[str, str | None], own_pack: str, tmp_path: Path
) -> None:
    chosen = environment | {"STASH_SENSE_PACK": own_pack}
    result = run(chosen, "doctor", "--json")
    assert (result.exit_code, document(result)["can_identify"]) == (0, True)
    assert "Ready to identify." in run(chosen, "doctor").stdout
    (tmp_path / "models" / own_pack / "pack.json").write_text("{}")
    result = run(chosen, "doctor", "--json")
    assert (result.exit_code, document(result)["can_identify"]) == (1, False)
    assert any("`unset STASH_SENSE_PACK`" in sentence for sentence in document(result)["advice"])


def test_doctor_gives_each_advice_once(environment: dict[str, str | None], tmp_path: Path) -> None:
    (tmp_path / "models" / "lite").mkdir(parents=True)
    advice = document(run(environment, "doctor", "--json"))["advice"]
    assert len([sentence for sentence in advice if "`stash-sense models install lite`" in sentence]) == 1


def test_doctor_names_a_chosen_pack_that_does_not_exist(environment: dict[str, str | None]) -> None:
    told = document(run(environment | {"STASH_SENSE_PACK": "absent"}, "doctor", "--json"))
    assert any("absent" in sentence and "models list" in sentence for sentence in told["advice"])


def test_doctor_and_info_tell_what_runs_in_8_bits(environment: dict[str, str | None]) -> None:
    told = document(run(environment, "doctor", "--json"))
    instruction = told["eight_bit_instruction"]
    assert bool(instruction) == bool(
        {"amx_int8", "avx512_vnni", "avx_vnni", "asimddp"} & set(told["hardware"]["cpu_features"])
    )
    assert (instruction or "not used") in run(environment, "doctor").stdout
    pack = document(run(environment, "models", "info", "duo", "--json"))
    assert pack["in_8_bits"] == (["dlib128"] if instruction else [])
    assert pack["what_to_type"] == "stash-sense models install duo"
    assert pack["download_bytes"] == 112_950_743
