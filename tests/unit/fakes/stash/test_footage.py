from pathlib import Path

import pytest

from stash_sense.fakes.stash.footage import oshash


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"\1" + b"\0" * 8, 9 + 1),  # the tail begins at its second byte
        (b"\0" * 8 + b"\1", 9 + (1 << 56)),
        (b"\1" + b"\0" * 15, 16 + 2),  # head and tail are the whole
        (b"\1" + b"\0" * 199_999 + b"\2" + b"\0" * 7, 200_008 + 1 + 2),
        (b"\xff" * 16, 16 - 4),  # it goes round at 64 bits
    ],
    ids=["nine bytes", "its last byte", "sixteen", "longer than both parts", "beyond 64 bits"],
)
def test_an_oshash_is_the_sum_of_length_head_and_tail(tmp_path: Path, content: bytes, value: int) -> None:
    (tmp_path / "film").write_bytes(content)
    assert oshash(tmp_path / "film") == f"{value % (1 << 64):016x}"


@pytest.mark.parametrize("size", [0, 8])
def test_eight_bytes_are_too_few_for_an_oshash(tmp_path: Path, size: int) -> None:
    (tmp_path / "film").write_bytes(b"\0" * size)
    with pytest.raises(ValueError, match="too small"):
        oshash(tmp_path / "film")
