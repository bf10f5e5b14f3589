import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(max_examples=300, deadline=None)
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
    first, second = space.place([one, same * 5]), space.place([other, same])
    cosine = float((unit(one) @ unit(other).T)[0, 0])
    assert float((first @ second.T)[0, 0]) == pytest.approx(0.25 * cosine + 0.75, abs=1e-6)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 5))
def test_placed_vectors_have_length_one_also_after_sums(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    space = FaceSpace.read(BLOCKS, archive(statistics(seed)))
    placed = space.place(
        [rng.normal(size=(count, 4)).astype(np.float32), rng.normal(size=(count, 3)).astype(np.float32)]
    )
    assert placed.shape == (count, DIM)
    assert placed.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(placed, axis=1), 1.0, atol=1e-5)
    summed = space.renormalised((placed * rng.uniform(0.1, 9.0, (count, 1))).astype(np.float32))
    np.testing.assert_allclose(summed, placed, atol=1e-5)


def test_whitening_is_applied_to_unit_vectors() -> None:
    arrays = statistics()
    space = FaceSpace.read(BLOCKS, archive(arrays))
    rng = np.random.default_rng(3)
    vectors = [rng.normal(size=(2, 4)), rng.normal(size=(2, 3))]
    expected = []
    for part, weight, number in zip(vectors, (0.25, 0.75), (0, 1), strict=True):
        white = part / np.linalg.norm(part, axis=1, keepdims=True) @ arrays[f"whitening_{number}"]
        expected.append(white / np.linalg.norm(white, axis=1, keepdims=True) * weight**0.5)
    placed = space.place([part.astype(np.float32) for part in vectors])
    np.testing.assert_allclose(placed, np.concatenate(expected, axis=1), atol=1e-5)


def test_a_vector_of_zeros_stays_one_and_is_no_trouble() -> None:
    assert not unit(np.zeros((2, 3), np.float32)).any()


def test_what_is_said_of_a_crowd_is_what_a_crowd_does() -> None:
    arrays = statistics()
    space = FaceSpace.read(BLOCKS, archive(arrays))
    rng = np.random.default_rng(5)
    crowd = rng.multivariate_normal(arrays["crowd_mean"], arrays["crowd_covariance"], size=20_000)
    probes = unit(rng.normal(size=(3, DIM)).astype(np.float32))
    cosines = crowd @ probes.T
    mean, deviation = space.crowd_similarity(probes)
    np.testing.assert_allclose(mean, cosines.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(deviation, cosines.std(axis=0), rtol=0.03)
