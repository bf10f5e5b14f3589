"""What is said to work, on real packs with tiny models and real manifests of databases."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.models import packs
from tests.integration.updates.made_versions import write_version

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.kernel.hardware import HardwareInfo, ProviderStatus
from stash_sense.models.capabilities import (
    CHECKS,
    Capability,
    Installation,
    capabilities,
    gpu,
    identification,
    library_scan,
    pack,
    performers_database,
)
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.pack_folder import write_card
from stash_sense.models.store import PackStore
from stash_sense.performers.manifest import DATABASE_NAME, MANIFEST_NAME
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.performers.versions.pointer import Pointer

CPU = ProviderStatus("CPUExecutionProvider", True)
VERSION = "2026.11.22"
STASH = Capability("stash", True, note="Stash v0.30.1 at http://127.0.0.1:9999")


def hardware(*providers: ProviderStatus) -> HardwareInfo:
    return HardwareInfo("some processor", 2, None, (), providers or (CPU,))


@pytest.fixture
def here(tmp_path: Path, models_dir: Path) -> Installation:
    return Installation(
        packs.store(models_dir, packs.tiny_lite()), PerformersLibrary(tmp_path / "performers"), hardware()
    )


@pytest.fixture
def with_lite(here: Installation, embedder_folder: Path) -> Installation:
    packs.installer(here.packs).install("lite", supplied=embedder_folder)
    return here


def write_database(here: Installation, made_with: str, performers: int = 123, requires: str = "0.0.1") -> Path:
    """Put a database into use, without looking whether the program is new enough for it."""
    folder = here.performers.folder / VERSION
    manifest = write_version(folder, VERSION, people=performers, faces=1, pack=made_with)
    (folder / MANIFEST_NAME).write_bytes(manifest.model_copy(update={"requires": requires}).to_json())
    Pointer(current=VERSION).write(here.performers.folder)
    return folder


def own_pack(here: Installation, name: str = "mine") -> None:
    """Put the pack lite aside under a name of the user's."""
    card = here.packs.status("lite").card
    assert card is not None
    (here.packs.models_dir / "lite").rename(here.packs.models_dir / name)
    write_card(here.packs.models_dir / name, card.model_copy(update={"id": name}))


def test_every_feature_has_a_name_of_its_own_and_says_why_it_does_not_work(here: Installation) -> None:
    found = capabilities(here)
    assert [capability.name for capability in found] == [
        "identification",
        "performers_database",
        "pack_duo",
        "pack_trio",
        "gpu",
        "stash",
        "library_scan",
        "upstream_sync",
        "duplicates",
        "tattoo_signal",
        "body_signal",
    ]
    assert len(found) == len(CHECKS)
    for capability in found:
        assert bool(capability.reason) != capability.available
        assert not capability.reason.endswith(".")
        assert "`" not in capability.reason + capability.remedy


@pytest.mark.parametrize("name", ["upstream_sync", "duplicates", "tattoo_signal", "body_signal"])
def test_what_is_still_to_come_says_so(here: Installation, name: str) -> None:
    (found,) = [capability for capability in capabilities(here) if capability.name == name]
    assert found == Capability(name, False, reason="It is not part of this version")


def test_a_feature_is_one_check_in_one_list(here: Installation) -> None:
    assert capabilities(here, [lambda _: Capability("mine", True)]) == [Capability("mine", True)]


def test_with_a_pack_people_of_a_gallery_can_be_named(with_lite: Installation) -> None:
    found = identification(with_lite)
    assert (found.available, found.note) == (True, "pack lite, and only a gallery that you name with --gallery")


def test_without_a_pack_nobody_can_be_named(here: Installation) -> None:
    assert identification(here) == Capability(
        "identification",
        False,
        reason="The model pack lite is not installed",
        remedy="stash-sense models install lite --from FOLDER_OR_ZIP",
    )


def test_a_pack_is_really_opened(with_lite: Installation) -> None:
    (with_lite.packs.models_dir / "lite" / "w600k_mbf.onnx").write_bytes(b"x")
    found = identification(with_lite)
    assert not found.available
    assert found.reason.startswith("The model pack lite is damaged (w600k_mbf.onnx has 1 bytes instead of ")
    assert found.remedy == "stash-sense models install lite --from FOLDER_OR_ZIP"


def test_a_model_that_is_whole_but_does_not_run_is_found_out(with_lite: Installation) -> None:
    folder = with_lite.packs.models_dir / "lite"
    card = json.loads((folder / "pack.json").read_text())
    (folder / "w600k_mbf.onnx").write_bytes(b"no model")
    card["files"]["w600k_mbf.onnx"] = {"sha256": packs.sha256(b"no model"), "size": 8}
    (folder / "pack.json").write_text(json.dumps(card))
    found = identification(with_lite)
    assert not found.available
    assert found.reason.startswith("The model w600k_mbf.onnx cannot be run here (")
    assert found.remedy == "stash-sense models install lite --force"


def test_a_pack_that_the_settings_name_wrongly_is_told(with_lite: Installation) -> None:
    assert identification(replace(with_lite, wanted_pack="absent")) == Capability(
        "identification",
        False,
        reason="There is no model pack called absent",
        remedy="stash-sense models list",
    )


def test_a_damaged_pack_of_the_users_own_cannot_be_installed_anew(with_lite: Installation) -> None:
    own_pack(with_lite)
    (with_lite.packs.models_dir / "mine" / "w600k_mbf.onnx").write_bytes(b"x")
    assert identification(replace(with_lite, wanted_pack="mine")).remedy == "unset STASH_SENSE_PACK"


def test_a_gpu_that_is_asked_for_and_does_not_work_keeps_models_from_opening(
    with_lite: Installation, models_dir: Path
) -> None:
    store = PackStore(models_dir, OnnxRuntime(1, "gpu"), Catalogue([packs.tiny_lite()]))
    found = identification(replace(with_lite, packs=store, device="gpu"))
    if found.available:
        pytest.skip("this machine has a GPU")
    assert found.remedy == "unset STASH_SENSE_DEVICE"


def test_without_a_database_it_says_how_to_make_one(with_lite: Installation) -> None:
    assert performers_database(with_lite) == Capability(
        "performers_database",
        False,
        reason="There is no performers database yet",
        remedy="stash-sense db build FOLDER",
    )


def test_a_database_whose_pack_is_installed_is_what_people_are_looked_up_in(with_lite: Installation) -> None:
    write_database(with_lite, "lite")
    known = "123 performers of 2026.11.22, made with lite"
    assert performers_database(with_lite) == Capability("performers_database", True, note=known)
    assert identification(with_lite).note == f"pack lite, {known}"


def test_the_pack_of_the_database_is_used_though_a_better_one_is_there(with_lite: Installation) -> None:
    own_pack(with_lite)
    write_database(with_lite, "mine")
    assert identification(with_lite).note.startswith("pack mine, 123 performers")


def test_a_database_of_a_pack_that_is_not_installed_leaves_galleries(with_lite: Installation, tmp_path: Path) -> None:
    store = packs.store(with_lite.packs.models_dir, packs.tiny_lite(), packs.entry("stash-sense"))
    here = replace(with_lite, packs=store)
    write_database(here, "stash-sense")
    found = performers_database(here)
    assert not found.available
    assert found.reason.startswith("The model pack stash-sense is not installed, and the performers database 2026")
    assert found.remedy == "stash-sense models install stash-sense --from FOLDER_OR_ZIP"
    assert identification(here).note == "pack lite, and only a gallery that you name with --gallery"


def test_a_database_of_a_pack_that_nobody_knows_is_told(with_lite: Installation) -> None:
    write_database(with_lite, "unheard-of")
    found = performers_database(with_lite)
    assert (found.available, found.reason) == (False, "There is no model pack called unheard-of")


def test_a_database_of_another_pack_than_the_settings_name_is_told(with_lite: Installation) -> None:
    write_database(with_lite, "trio")
    here = replace(with_lite, wanted_pack="lite")
    found = performers_database(here)
    assert found.reason == "The performers database was made with the model pack trio, and lite was asked for"
    assert found.remedy == "unset STASH_SENSE_PACK"
    assert identification(here).available


def test_a_database_without_people_helps_nobody(with_lite: Installation) -> None:
    write_database(with_lite, "lite", performers=0)
    found = performers_database(with_lite)
    assert (found.available, found.remedy) == (False, "stash-sense db build FOLDER")
    assert "holds nobody" in found.reason


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / MANIFEST_NAME).unlink(),
    "another manifest": lambda folder: (folder / MANIFEST_NAME).write_text("{}"),
    "no pointer": lambda folder: folder.with_name("current.json").write_text("{"),
    "no names": lambda folder: (folder / DATABASE_NAME).unlink(),
    "empty names": lambda folder: (folder / DATABASE_NAME).write_bytes(b""),
    "other names": lambda folder: (folder / DATABASE_NAME).write_bytes(bytes(100_000)),
    "no vectors": lambda folder: (folder / "vectors-one.npy").unlink(),
    "cut vectors": lambda folder: os.truncate(folder / "vectors-two.npy", 200),
    "nothing": lambda folder: shutil.rmtree(folder),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_database_is_told_and_leaves_galleries(with_lite: Installation, name: str) -> None:
    DAMAGES[name](write_database(with_lite, "lite"))
    found = performers_database(with_lite)
    assert not found.available
    assert "is damaged" in found.reason
    assert identification(with_lite).note == "pack lite, and only a gallery that you name with --gallery"


@pytest.mark.parametrize(("earlier", "remedy"), [(True, "stash-sense db rollback"), (False, "install one with ")])
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_database_is_gone_back_from_where_there_is_another(
    with_lite: Installation, name: str, earlier: bool, remedy: str
) -> None:
    library = with_lite.performers
    folder = write_database(with_lite, "lite")
    if earlier:
        write_version(library.folder / "2026.11.1", "2026.11.1", pack="lite")
        Pointer(current=VERSION, previous="2026.11.1").write(library.folder)
    DAMAGES[name](folder)
    if name == "no pointer":  # then the version that it pointed to is whole
        remedy = "stash-sense db rollback"
    assert performers_database(with_lite).remedy.startswith(remedy)
    if remedy == "stash-sense db rollback":
        with library.alone():
            library.rollback()
        assert performers_database(replace(with_lite)).available


def test_the_library_is_scanned_with_a_stash_and_a_database(with_lite: Installation) -> None:
    write_database(with_lite, "lite")
    found = library_scan(replace(with_lite, stash=lambda: STASH))
    note = "Stash v0.30.1 at http://127.0.0.1:9999, 123 performers of 2026.11.22, made with lite"
    assert found == Capability("library_scan", True, note=note)


def test_what_keeps_the_library_from_being_scanned_is_told(with_lite: Installation) -> None:
    assert library_scan(with_lite) == Capability("library_scan", False, reason="No Stash is named")
    connected = replace(with_lite, stash=lambda: STASH)
    assert library_scan(connected).remedy == "stash-sense db build FOLDER"
    write_database(with_lite, "lite")
    (with_lite.packs.models_dir / "lite" / "retinaface.onnx").unlink()
    assert library_scan(replace(connected)).reason.startswith("The model pack lite is damaged")


def test_each_thing_is_looked_at_once(with_lite: Installation) -> None:
    asked = []

    def stash() -> Capability:
        asked.append("Stash")
        return STASH

    write_database(with_lite, "lite")
    found = capabilities(replace(with_lite, stash=stash))
    assert [one.name for one in found if one.available] == [
        "identification",
        "performers_database",
        "stash",
        "library_scan",
    ]
    assert asked == ["Stash"]


def test_a_database_for_a_newer_program_is_told(with_lite: Installation) -> None:
    write_database(with_lite, "lite", requires="99.0")
    assert "needs Stash Sense 99.0 or newer" in performers_database(with_lite).reason


def test_the_better_packs_are_features_of_their_own(with_lite: Installation) -> None:
    lite = pack("lite")
    assert lite(with_lite) == Capability("pack_lite", True, note="whole and up to date")
    (with_lite.packs.models_dir / "lite" / "retinaface.onnx").unlink()
    found = lite(with_lite)
    assert (found.available, found.remedy) == (False, "stash-sense models install lite --from FOLDER_OR_ZIP")
    assert "retinaface.onnx cannot be read" in found.reason


def test_a_gpu_counts_when_a_model_ran_on_it(here: Installation) -> None:
    works = ProviderStatus("CUDAExecutionProvider", True)
    broken = ProviderStatus("CUDAExecutionProvider", False, "libcudnn is missing")
    assert gpu(replace(here, hardware=hardware(works, CPU))) == Capability("gpu", True, note="CUDAExecutionProvider")
    assert gpu(replace(here, hardware=hardware(broken, CPU))).reason == "CUDAExecutionProvider: libcudnn is missing"
    assert "docs/how-to/use-a-gpu.md" in gpu(here).reason
    assert gpu(replace(here, device="cpu")).remedy == "unset STASH_SENSE_DEVICE"
