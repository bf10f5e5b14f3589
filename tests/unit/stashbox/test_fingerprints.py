import pytest

from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint, StoredFingerprint, evidence


def stored(
    algorithm: Algorithm, value: int, submissions: int | None = 1, reports: int | None = 0
) -> StoredFingerprint:
    return StoredFingerprint(Fingerprint(algorithm, value), 40, submissions, reports, None)


def test_the_same_hash_is_equal_however_it_is_written() -> None:
    written = ["f1e2d3c4b5a6978", "0f1e2d3c4b5a6978", "0F1E2D3C4B5A6978"]
    assert {Fingerprint.read("PHASH", text) for text in written} == {Fingerprint(Algorithm.PHASH, 0xF1E2D3C4B5A6978)}


def test_stash_and_stash_box_call_algorithms_differently() -> None:
    assert Fingerprint.read("oshash", "1") == Fingerprint.read("OSHASH", "1")


@pytest.mark.parametrize("text", ["", "xyz", "0", "0000000000000000", "1" * 17, "-1", "0x1", "1 "])
def test_what_is_no_hash_cannot_be_compared(text: str) -> None:
    assert Fingerprint.read("PHASH", text) is None


@pytest.mark.parametrize("algorithm", ["MD5", "md5", "SHA1", ""])
def test_what_has_not_64_bits_cannot_be_compared(algorithm: str) -> None:
    assert Fingerprint.read(algorithm, "d41d8cd98f00b204") is None


def test_a_perceptual_hash_is_asked_for_with_and_without_zeros_in_front() -> None:
    assert Fingerprint(Algorithm.PHASH, 0xABC).spellings == ("0000000000000abc", "abc")
    assert Fingerprint(Algorithm.PHASH, 0xA000000000000000).spellings == ("a000000000000000",)


def test_a_hash_of_a_file_is_always_written_with_all_its_digits() -> None:
    assert Fingerprint(Algorithm.OSHASH, 0xABC).spellings == ("0000000000000abc",)


def test_evidence_tells_in_how_many_bits_the_nearest_differs() -> None:
    ours = [Fingerprint(Algorithm.PHASH, 0b1111)]
    theirs = [stored(Algorithm.PHASH, 0b0001), stored(Algorithm.PHASH, 0b0111), stored(Algorithm.OSHASH, 0b1111)]
    (found,) = evidence(ours, theirs)
    assert (found.distance, found.theirs) == (1, theirs[1])


def test_of_equally_near_ones_the_one_that_more_people_vouch_for_is_evidence() -> None:
    doubted, trusted = stored(Algorithm.PHASH, 7, 5, 4), stored(Algorithm.PHASH, 7, 3, 0)
    (found,) = evidence([Fingerprint(Algorithm.PHASH, 7)], [doubted, trusted])
    assert found.theirs is trusted


def test_hashes_of_files_that_differ_say_nothing() -> None:
    assert evidence([Fingerprint(Algorithm.OSHASH, 1)], [stored(Algorithm.OSHASH, 3)]) == ()


def test_the_best_evidence_comes_first() -> None:
    ours = [Fingerprint(Algorithm.PHASH, 0b111), Fingerprint(Algorithm.OSHASH, 9)]
    theirs = [stored(Algorithm.PHASH, 0b110), stored(Algorithm.OSHASH, 9)]
    assert [one.distance for one in evidence(ours, theirs)] == [0, 1]


def test_trust_is_what_is_left_of_submissions_after_reports() -> None:
    assert stored(Algorithm.PHASH, 1, 5, 7).trust == -2
    assert stored(Algorithm.PHASH, 1, None, None).trust == 1
