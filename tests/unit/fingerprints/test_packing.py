"""Kept faces as bytes: they come back, rounded a little, or it is said that they are damaged."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.made_fingerprints import as_bytes, faces_of, kept, rows_of

from stash_sense.errors import KeptFacesDamaged
from stash_sense.fingerprints.keeping import keep_faces
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.fingerprints.packing import crop_in, pack, pack_crops, unpack
from stash_sense.recognition.faces import no_faces


def faces(people: int = 2, frames: int = 6, dim: int = 16, seed: int = 0, named: str = "duo") -> KeptFaces:
    found = faces_of(people, frames, dim=dim, seed=seed)
    return keep_faces(named, found, frames, [rows_of(found, who) for who in range(people)], as_bytes).faces


@given(
    people=st.integers(1, 4),
    frames=st.integers(1, 30),
    dim=st.sampled_from([1, 2, 128, 640]),
    seed=st.integers(0, 9),
    named=st.text(max_size=20).filter(lambda name: name.isprintable()),
)
def test_faces_come_back_nearly_as_they_were(people: int, frames: int, dim: int, seed: int, named: str) -> None:
    one = faces(people, frames, dim, seed, named)
    back = unpack(pack(one))
    assert (back.pack, back.frame_count, back.shown) == (named, frames, frozenset(one.crops))
    assert back.crops == {}
    was, now = one.faces, back.faces
    for column in ("frame", "track", "t"):
        assert getattr(now.seen, column).tolist() == getattr(was.seen, column).tolist()
        assert getattr(now.seen, column).dtype == getattr(was.seen, column).dtype
    assert np.abs(now.seen.boxes - was.seen.boxes).max() <= 0.5
    assert np.allclose(now.seen.scores, was.seen.scores, atol=1e-3)
    assert now.seen.landmarks.shape == (len(now.seen), 5, 2)
    assert now.row.tolist() == was.row.tolist()
    assert now.quality.tolist() == was.quality.tolist()
    assert now.crops.shape == (len(now), 0, 0, 3)
    cosines = (now.vectors * was.vectors).sum(axis=1)
    assert (cosines > 0.999).all()
    assert now.vectors.dtype == np.float32


def test_pictures_have_no_moments_and_come_back() -> None:
    one = faces(frames=1)
    still = replace(one, faces=replace(one.faces, seen=replace(one.faces.seen, t=np.full(2, np.nan))))
    assert np.isnan(unpack(pack(still)).faces.seen.t).all()


def test_no_faces_at_all_come_back() -> None:
    back = unpack(pack(KeptFaces("lite", no_faces(128), 60)))
    assert (len(back.faces), len(back.faces.seen), back.frame_count) == (0, 0, 60)
    assert back.faces.vectors.shape == (0, 128)


def test_a_box_outside_of_what_can_be_kept_is_kept_at_the_edge() -> None:
    one = faces(people=1, frames=1)
    wide = replace(one.faces.seen, boxes=np.array([[-1e6, 0.4, 40_000, 1e9]], np.float32))
    back = unpack(pack(replace(one, faces=replace(one.faces, seen=wide))))
    assert back.faces.seen.boxes.tolist() == [[-32768, 0, 32767, 32767]]


def test_a_vector_of_zeros_stays_one() -> None:
    one = faces(people=1, frames=1)
    zeros = replace(one.faces, vectors=np.zeros_like(one.faces.vectors))
    assert not unpack(pack(replace(one, faces=zeros))).faces.vectors.any()


@given(junk=st.binary(max_size=200))
def test_other_bytes_are_no_faces(junk: bytes) -> None:
    with pytest.raises(KeptFacesDamaged):
        unpack(junk)


@settings(max_examples=200)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_one_bit_that_is_another_is_noticed(place: int, bit: int) -> None:
    packed = bytearray(pack(kept()))
    packed[place % len(packed)] ^= 1 << bit
    with pytest.raises(KeptFacesDamaged):
        unpack(bytes(packed))


@given(length=st.integers(0))
def test_an_end_that_is_missing_is_noticed(length: int) -> None:
    packed = pack(kept())
    with pytest.raises(KeptFacesDamaged):
        unpack(packed[: length % len(packed)])


@pytest.mark.parametrize("more", [b"\0", b"more"])
def test_more_than_there_should_be_is_noticed(more: bytes) -> None:
    with pytest.raises(KeptFacesDamaged):
        unpack(pack(kept()) + more)


@settings(max_examples=200)
@given(place=st.integers(0, 60), value=st.integers(0, 255))
def test_numbers_that_contradict_each_other_are_noticed_whatever_the_check_sum_says(place: int, value: int) -> None:
    packed = bytearray(pack(kept()))
    packed[10 + place] = value
    packed[6:10] = zlib.crc32(packed[10:]).to_bytes(4, "little")
    try:
        unpack(bytes(packed))
    except KeptFacesDamaged:
        return


PICTURES = st.dictionaries(st.integers(0, 400), st.binary(max_size=50), max_size=8)


@given(crops=PICTURES)
def test_pictures_come_back_one_by_one(crops: dict[int, bytes]) -> None:
    packed = pack_crops(crops)
    assert {face: crop_in(packed, face) for face in range(402)} == {face: crops.get(face) for face in range(402)}


@given(crops=PICTURES, length=st.integers(0), junk=st.binary(max_size=100))
def test_damaged_pictures_are_none(crops: dict[int, bytes], length: int, junk: bytes) -> None:
    packed = pack_crops(crops)
    for face in crops:
        assert crop_in(packed[: length % len(packed)], face) is None
        assert crop_in(packed + b"more", face) is None
    crop_in(junk, 0)
