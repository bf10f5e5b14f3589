from stash_sense.fakes.stash.duplicates import duplicates
from stash_sense.fakes.stash.library_file import fill
from stash_sense.fakes.stash.state import State


def groups(hashes: list[tuple[str, float]], distance: int, duration_diff: float | None = None) -> list[list[int]]:
    state = State()
    scenes = [
        {
            "id": place + 1,
            "files": [
                {
                    "path": f"/{place}.mp4",
                    "size": place,
                    "duration": seconds,
                    "fingerprints": [{"type": "phash", "value": value}],
                }
            ],
        }
        for place, (value, seconds) in enumerate(hashes)
    ]
    fill(state, {"scenes": scenes})
    return [[row["id"] for row in group] for group in duplicates(state, distance, duration_diff)]


def test_equal_hashes_are_alike_and_the_larger_file_comes_first() -> None:
    assert groups([("aa", 1), ("bb", 1), ("aa", 1)], 0) == [[3, 1]]


def test_hashes_are_alike_up_to_the_distance_wherever_they_differ() -> None:
    far = [("0", 1.0), ("8000000000000001", 1.0), ("8000000010000001", 1.0)]
    assert groups(far, 1) == [[3, 2]]
    assert groups(far, 3) == [[3, 2, 1]]
    assert groups(far, 64) == [[3, 2, 1]]


def test_videos_of_other_lengths_are_not_alike() -> None:
    hashes = [("aa", 10.0), ("aa", 12.0)]
    assert groups(hashes, 0, 1.0) == []
    assert groups(hashes, 0, 2.0) == [[2, 1]]
    assert groups(hashes, 0, -1.0) == [[2, 1]]


def test_a_file_is_no_duplicate_of_itself() -> None:
    assert groups([("aa", 1)], 4) == []
