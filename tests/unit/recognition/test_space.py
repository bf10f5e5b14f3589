import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.space import Block, FaceSpace, unit

BLOCKS = (Block(4, 0.25), Block(3, 0.75))
DIM = 7


def statistics(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(DIM, DIM)) / 10.0
    return {
        "whitening_0": rng.normal(size=(4, 4)),
        "whitening_1": rng.normal(size=(3, 3)),
        "mean": rng.normal(size=DIM) / 10.0,
        "crowd_mean": rng.normal(size=DIM) / 10.0,
        "crowd_covariance": root @ root.T,
    }


def archive(arrays: dict[str, Any], *, compressed: bool = True) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(content, **arrays)
    return content.getvalue()


def test_what_was_written_is_read() -> None:
    arrays = statistics()
    for compressed in (True, False):
        space = FaceSpace.read(BLOCKS, archive(arrays, compressed=compressed))
        for found, name in (
            (space.whitening[0], "whitening_0"),
            (space.whitening[1], "whitening_1"),
            (space.mean, "mean"),
            (space.crowd_mean, "crowd_mean"),
            (space.crowd_covariance, "crowd_covariance"),
        ):
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, arrays[name].astype(np.float32))
        assert space.dim == DIM


@pytest.mark.parametrize("name", list(statistics()))
@pytest.mark.parametrize(
    "broken",
    [
        lambda _: None,
        lambda array: array[:-1],
        lambda array: array[None],
        lambda array: np.where(array == array.flat[0], np.nan, array),
        lambda array: np.where(array == array.flat[0], np.inf, array),
        lambda array: np.where(array == array.flat[0], 1e300, array),
        lambda array: array * 1j,
        lambda array: array.astype(str),
        lambda array: np.array([object() for _ in array]),
        lambda array: array.astype("datetime64[s]"),
    ],
    ids=["missing", "short", "deep", "nan", "infinite", "too large", "complex", "text", "pickled", "dates"],
)
def test_statistics_that_make_no_sense_are_refused(name: str, broken: Any) -> None:
    arrays = statistics()
    replacement = broken(arrays.pop(name))
    if replacement is not None:
        arrays[name] = replacement
    with pytest.raises(ValueError, match=r".+"):
        FaceSpace.read(BLOCKS, archive(arrays))


def test_statistics_of_other_models_are_refused() -> None:
    with pytest.raises(ValueError, match="whitening_0"):
        FaceSpace.read((Block(3, 0.5), Block(4, 0.5)), archive(statistics()))
    with pytest.raises(ValueError, match="mean"):
        FaceSpace.read((Block(4, 1.0),), archive(statistics()))


def a_single_array() -> bytes:
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


def a_zip_of_text() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in statistics():
            file.writestr(f"{name}.npy", "not an array")
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"hello" * 100, pickle.dumps({"mean": 1}), a_single_array(), a_zip_of_text()],
    ids=["empty", "start of a zip", "text", "pickle", "array", "zip of text"],
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        FaceSpace.read(BLOCKS, content)


class Trap:
    """Raises when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise AssertionError('a pickle was run')",)


def test_a_pickle_in_the_archive_is_never_run() -> None:
    trap = np.empty(1, object)
    trap[0] = Trap()
    with pytest.raises(ValueError, match=r".+"):
        FaceSpace.read(BLOCKS, archive({**statistics(), "mean": trap}))
    with pytest.raises(ValueError, match=r".+"):
        FaceSpace.read(BLOCKS, pickle.dumps(Trap()))


@settings(max_examples=300)
@given(data=st.data(), compressed=st.booleans())
def test_a_damaged_archive_is_refused_or_read_but_never_anything_else(data: st.DataObject, compressed: bool) -> None:
    content = bytearray(archive(statistics(), compressed=compressed))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    length = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        space = FaceSpace.read(BLOCKS, bytes(content[:length]))
    except ValueError:
        return
    assert np.isfinite(space.crowd_covariance).all()


def test_every_embedder_has_its_share_of_the_cosine() -> None:
    rng = np.random.default_rng(0)
    space = FaceSpace.plain(BLOCKS)
    one, other = (rng.normal(size=(1, 4)).astype(np.float32) for _ in range(2))
    same = rng.normal(size=(1, 3)).astype(np.float32)
    first, second = space.joined([one, same * 5]), space.joined([other, same])
    cosine = float((unit(one) @ unit(other).T)[0, 0])
    assert float((first @ second.T)[0, 0]) == pytest.approx(0.25 * cosine + 0.75, abs=1e-6)


def described(seed: int, count: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(count, block.dim)).astype(np.float32) for block in BLOCKS]


def full_space(seed: int = 0) -> FaceSpace:
    return FaceSpace.read(BLOCKS, archive(statistics(seed)))


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 5))
def test_vectors_have_length_one_and_their_shares_when_joined_whitened_and_summed(seed: int, count: int) -> None:
    space = full_space(seed)
    joined = space.joined(described(seed, count))
    lengths = np.random.default_rng(seed).uniform(0.1, 9.0, (count, DIM)).astype(np.float32)
    for vectors in (joined, space.whitened(joined), space.renormalised(joined * lengths)):
        assert vectors.shape == (count, DIM)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors[:, :4], axis=1), 0.25**0.5, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(vectors[:, 4:], axis=1), 0.75**0.5, atol=1e-5)


def test_joining_does_not_whiten() -> None:
    parts = described(1, 3)
    np.testing.assert_array_equal(full_space().joined(parts), FaceSpace.plain(BLOCKS).joined(parts))


def test_renormalising_keeps_the_direction_of_each_part() -> None:
    space, sums = full_space(), np.random.default_rng(2).normal(size=(5, DIM)).astype(np.float32)
    found = space.renormalised(sums)
    np.testing.assert_allclose(unit(found[:, :4]), unit(sums[:, :4]), atol=1e-6)
    np.testing.assert_allclose(unit(found[:, 4:]), unit(sums[:, 4:]), atol=1e-6)


def test_whitening_is_that_of_each_part_alone() -> None:
    arrays = statistics()
    parts = described(3, 2)
    expected = []
    for part, weight, number in zip(parts, (0.25, 0.75), (0, 1), strict=True):
        white = part / np.linalg.norm(part, axis=1, keepdims=True) @ arrays[f"whitening_{number}"]
        expected.append(white / np.linalg.norm(white, axis=1, keepdims=True) * weight**0.5)
    space = full_space()
    np.testing.assert_allclose(space.whitened(space.joined(parts)), np.concatenate(expected, axis=1), atol=1e-5)


def test_a_plain_space_leaves_vectors_alone() -> None:
    space = FaceSpace.plain(BLOCKS)
    joined = space.joined(described(4, 3))
    np.testing.assert_allclose(space.whitened(joined), joined, atol=1e-6)
    np.testing.assert_allclose(space.centred(joined), joined, atol=1e-6)
    assert not space.strangers(4).any()


def test_centring_takes_the_mean_out() -> None:
    space = full_space()
    white = space.whitened(space.joined(described(5, 3)))
    expected = white - statistics()["mean"]
    np.testing.assert_allclose(
        space.centred(white), expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5
    )


def test_a_vector_of_zeros_stays_one_and_is_no_trouble() -> None:
    assert not unit(np.zeros((2, 3), np.float32)).any()
    nothing = np.zeros((2, DIM), np.float32)
    for found in (full_space().whitened(nothing), full_space().renormalised(nothing)):
        assert not found.any()


def test_strangers_are_the_same_every_time_and_the_first_of_many() -> None:
    some, many = full_space().strangers(5), full_space().strangers(50)
    np.testing.assert_array_equal(some, many[:5])
    assert len(np.unique(many, axis=0)) == 50
    assert full_space().strangers(0).shape == (0, DIM)


def test_strangers_have_the_shares_of_the_embedders() -> None:
    many = full_space().strangers(50)
    np.testing.assert_allclose(np.linalg.norm(many[:, :4], axis=1), 0.25**0.5, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(many[:, 4:], axis=1), 0.75**0.5, atol=1e-5)


def test_strangers_are_distributed_as_their_mean_and_covariance_say() -> None:
    """Near a mean of length one, making vectors one long hardly changes them across."""
    rng = np.random.default_rng(6)
    blocks, mean = (Block(4, 1.0),), np.array([1.0, 0.0, 0.0, 0.0], np.float32)
    root = np.zeros((4, 4))
    root[1:, 1:] = rng.normal(size=(3, 3)) / 50.0
    covariance = (root @ root.T).astype(np.float32)
    space = FaceSpace(blocks, (np.eye(4, dtype=np.float32),), mean * 0, mean, covariance)
    crowd = space.strangers(20_000)
    np.testing.assert_allclose(crowd.mean(axis=0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(crowd[:, 1:].T), covariance[1:, 1:], atol=0.05 * covariance.max())


def test_a_covariance_with_rounded_negative_variances_is_no_trouble() -> None:
    arrays = statistics()
    arrays["crowd_covariance"] = np.diag([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, -1e-9])
    assert np.isfinite(FaceSpace.read(BLOCKS, archive(arrays)).strangers(10)).all()
