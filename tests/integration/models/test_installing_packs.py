"""Packs installed from what users supply, opened, and everything that must refuse to."""

import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.integration.models import packs

from stash_sense.errors import (
    Cancelled,
    DiskFull,
    InputMissing,
    LicenceNotAccepted,
    PackCorrupt,
    PackError,
    PackNotInstalled,
    PackSelfTestFailed,
    PackSourceMismatch,
    PackSourceMissing,
    PackSourceUnsupported,
    PackUnknown,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.models.card import CARD_NAME
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.installer import write_card
from stash_sense.models.pattern import wave_pattern
from stash_sense.models.store import PackState, PackStore

ROOT = Path(__file__).parents[3]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def embedder_folder(tmp_path: Path) -> Path:
    return packs.write_files(tmp_path / "supplied", {"w600k_mbf.onnx": packs.embedder(112)})


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
        vectors = embedder.embed(wave_pattern(embedder.alignment.size)[np.newaxis])
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


def test_packs_that_cannot_be_installed_say_why(models_dir: Path) -> None:
    installer = packs.installer(PackStore(models_dir, packs.runtime(), Catalogue.shipped()))
    with pytest.raises(PackUnknown):
        installer.install("nothing")
    with pytest.raises(PackSourceUnsupported, match="TFLite"):
        installer.install("duo")


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


def test_stopping_leaves_the_old_pack(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    before = packs.installer(store).install("lite", supplied=embedder_folder).card
    for stage in ("prepare", "download, MB", "convert", "self-test"):
        token = CancelToken()

        def stop(report: Progress, stage: str = stage, token: CancelToken = token) -> None:
            if report.stage == stage:
                token.cancel()

        with pytest.raises(Cancelled):
            packs.installer(store).install("lite", supplied=embedder_folder, force=True, progress=stop, cancel=token)
        assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", "lite"]
    assert store.verify("lite") == before


def test_every_flipped_byte_keeps_a_pack_from_being_used(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    packs.installer(store).install("lite", supplied=embedder_folder)
    for file in sorted((models_dir / "lite").iterdir()):
        content = file.read_bytes()
        if file.name == CARD_NAME:
            continue
        for place in (0, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(PackCorrupt, match=file.name):
                store.open("lite")
            assert store.status("lite").state is PackState.DAMAGED
        file.write_bytes(content)
    store.open("lite")


def test_wrong_preprocessing_fails_the_self_test(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    card = packs.installer(store).install("lite", supplied=embedder_folder).card
    embedder = card.embedders[0]
    for change in ({"channels": "bgr"}, {"mean": (100.0, 127.5, 127.5)}):
        wrong = embedder.model_copy(update={"input": embedder.input.model_copy(update=change)})
        write_card(models_dir / "lite", card.model_copy(update={"embedders": (wrong,)}))
        store.open("lite")
        with pytest.raises(PackSelfTestFailed, match="arcface512 is off by"):
            store.verify("lite")


def test_a_pack_that_the_user_made_is_listed_and_opened(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    card = packs.installer(store).install("lite", supplied=embedder_folder).card
    (models_dir / "lite").rename(models_dir / "mine")
    write_card(models_dir / "mine", card.model_copy(update={"id": "mine"}))
    assert [(status.pack_id, status.state) for status in store.packs()] == [
        ("lite", PackState.NOT_INSTALLED),
        ("mine", PackState.INSTALLED),
    ]
    assert store.open("mine").card.dim == 512
    assert store.default_pack("mine") == "mine"
    with pytest.raises(PackNotInstalled, match="install lite"):
        store.default_pack(None)


def test_installs_at_the_same_time_wait_for_each_other(models_dir: Path, embedder_folder: Path) -> None:
    fetcher = packs.WheelFetcher()
    store = packs.store(models_dir, packs.tiny_lite())
    results = []

    def install() -> None:
        results.append(packs.installer(store, fetcher).install("lite", supplied=embedder_folder).already)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True, True, True]
    assert fetcher.fetched == 1


def test_a_pack_is_whole_for_readers_while_it_is_replaced(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    installer = packs.installer(store)
    installer.install("lite", supplied=embedder_folder)
    ended = threading.Event()
    states = []

    def read() -> None:
        while not ended.is_set():
            status = store.status("lite")
            states.append((status.state, status.reason))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(15):
        installer.install("lite", supplied=embedder_folder, force=True)
    ended.set()
    reader.join()
    assert set(states) == {(PackState.INSTALLED, "")}


def test_a_killed_install_leaves_the_old_or_the_new_pack(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    card = packs.installer(store).install("lite", supplied=embedder_folder).card
    code = (
        "from tests.integration.models.packs import install_forever\n"
        f"print('ready', flush=True)\ninstall_forever({str(models_dir)!r}, {str(embedder_folder)!r})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for round_number in range(6):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.05 + 0.037 * round_number)
            child.kill()
        assert store.verify("lite") == card
    packs.installer(store).install("lite", supplied=embedder_folder, force=True)
    assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", "lite"]


def test_a_pack_put_aside_by_a_killed_install_is_used_and_comes_back(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    card = packs.installer(store).install("lite", supplied=embedder_folder).card
    (models_dir / "lite").rename(models_dir / ".lite.replaced-abc")
    (models_dir / ".lite.staged-abc").mkdir()
    (models_dir / ".lite.fetched-abc").mkdir()
    assert store.verify("lite") == card
    with pytest.raises(PackSourceMissing):
        packs.installer(store).install("lite", force=True)
    assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", "lite"]
    assert store.verify("lite") == card


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        supplied = packs.write_files(tmp_path / "supplied", {"w600k_mbf.onnx": packs.embedder(112)})
        store = packs.store(disk / "models", packs.tiny_lite())
        with pytest.raises(DiskFull):
            packs.installer(store).install("lite", supplied=supplied)
        assert [path.name for path in (disk / "models").iterdir()] == [".install.lock"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_size_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    supplied = packs.write_files(tmp_path / "supplied", {"w600k_mbf.onnx": packs.embedder(112)})
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from tests.integration.models import packs\n"
        "from stash_sense.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        f"store = packs.store(Path({str(tmp_path / 'models')!r}), packs.tiny_lite())\n"
        "try:\n"
        f"    packs.installer(store).install('lite', supplied=Path({str(supplied)!r}))\n"
        "except StorageError as error:\n    print(type(error).__name__)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["NotWritable"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".install.lock"]


@pytest.mark.parametrize("name", ["../models/lite", ".lite", "", "/etc", "lite/../lite", "li te", "..", "lite\n"])
def test_a_name_can_never_be_a_path(name: str, models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    packs.installer(store).install("lite", supplied=embedder_folder)
    with pytest.raises(PackUnknown):
        store.open(name)
    with pytest.raises(PackUnknown):
        packs.installer(store).install(name)


def test_only_pack_errors_come_out_of_damaged_folders(models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    packs.installer(store).install("lite", supplied=embedder_folder)
    card = models_dir / "lite" / CARD_NAME
    whole = card.read_bytes()
    for content in (b"", b"{", b"[]", b"\xff\xfe", whole[: len(whole) // 2], b"[" * 100_000, b" " * 2_000_000):
        card.write_bytes(content)
        with pytest.raises(PackError):
            store.open("lite")
        assert store.status("lite").state is PackState.DAMAGED
    card.write_bytes(whole.replace(b'"retinaface.onnx"', b'"../../secret"'))
    with pytest.raises(PackError, match="files"):
        store.open("lite")
    card.unlink()
    os.mkfifo(card)
    with pytest.raises(PackCorrupt, match="no file"):
        store.open("lite")
