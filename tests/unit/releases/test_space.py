from pathlib import Path

import pytest

from stash_sense.errors import NotEnoughSpace, StorageError
from stash_sense.releases.space import free_bytes, require_space


@pytest.mark.parametrize(
    ("free", "size", "message"),
    [
        (3_749_999_999, 1_500_000_000, r"3\.7 GB free where 3\.8 GB are needed"),
        (0, 400, r"0 bytes free where 1\.0 kB are needed"),
        (999, 400, r"999 bytes free where 1\.0 kB are needed"),
    ],
)
def test_too_little_space_is_told_with_both_figures(tmp_path: Path, free: int, size: int, message: str) -> None:
    with pytest.raises(NotEnoughSpace, match=message) as caught:
        require_space(tmp_path, size, lambda _: free)
    assert isinstance(caught.value, StorageError)


def test_two_and_a_half_times_the_size_is_enough(tmp_path: Path) -> None:
    require_space(tmp_path, 1_000, lambda _: 2_500)


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above_it(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "there") > 0
