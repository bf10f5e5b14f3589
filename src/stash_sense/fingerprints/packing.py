"""Kept faces -> bytes, and back; likewise the pictures of some.

    header    "SSKF", version 1 (u2), check sum of all that follows (CRC-32, u4)
    counts    frames looked at, faces seen, described, length of a vector (u4 each), length of the pack's id (u2)
    pack      its id, UTF-8
    seen      27 bytes a face, see `_SEEN`
    described 12 bytes a face, see `_DESCRIBED`
    vectors   one byte a number, of (described, length)

All little-endian. A vector is rounded to 1/127 of its largest number, which is kept beside it, and is made of unit
length again when it is read. That costs 0.00012 of a cosine at most with the pack duo, 0.00016 of a whitened one, and
changed no name in 60 scenes.

    pictures  how many (u4), the face and the length of each (u4 each), then one JPEG after the other
"""

import struct
import zlib
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from stash_sense.errors import KeptFacesDamaged
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.arrays import AnyArray
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.space import unit

_HEADER = struct.Struct("<4sHI")
_COUNTS = struct.Struct("<IIIIH")
_MAGIC, _VERSION = b"SSKF", 1
_SEEN = np.dtype(
    [("frame", "<i4"), ("track", "<i4"), ("t", "<f8"), ("box", "<i2", (4,)), ("score", "<f2"), ("shown", "?")]
)
_DESCRIBED = np.dtype([("row", "<i4"), ("quality", "<f4"), ("scale", "<f4")])
_STEPS = 127
_CROPS = np.dtype([("face", "<u4"), ("length", "<u4")])
_CROP_COUNT = struct.Struct("<I")


def pack(kept: KeptFaces) -> bytes:
    """Pack kept faces, without their crops."""
    faces = kept.faces
    seen = np.zeros(len(faces.seen), _SEEN)
    seen["frame"], seen["track"], seen["t"] = faces.seen.frame, faces.seen.track, faces.seen.t
    seen["box"] = np.clip(np.rint(faces.seen.boxes), -(2**15), 2**15 - 1)
    seen["score"] = faces.seen.scores
    seen["shown"][sorted(kept.shown)] = True
    described = np.zeros(len(faces), _DESCRIBED)
    described["row"], described["quality"] = faces.row, faces.quality
    largest = np.abs(faces.vectors).max(axis=1, initial=np.finfo(np.float32).tiny)
    described["scale"] = largest / _STEPS
    numbers = np.rint(faces.vectors / described["scale"][:, None]).astype(np.int8)
    name = kept.pack.encode()
    counts = _COUNTS.pack(kept.frame_count, len(seen), len(described), faces.vectors.shape[1], len(name))
    rest = b"".join((counts, name, seen.tobytes(), described.tobytes(), numbers.tobytes()))
    return _HEADER.pack(_MAGIC, _VERSION, zlib.crc32(rest)) + rest


def unpack(packed: bytes) -> KeptFaces:
    """Read what `pack` made.

    Raises:
        KeptFacesDamaged: it is something else, or not as it was.
    """
    if len(packed) < _HEADER.size + _COUNTS.size:
        raise KeptFacesDamaged(reason="they end early")
    magic, version, check = _HEADER.unpack_from(packed)
    if (magic, version) != (_MAGIC, _VERSION):
        raise KeptFacesDamaged(reason="they are of another format")
    rest = memoryview(packed)[_HEADER.size :]
    if zlib.crc32(rest) != check:
        raise KeptFacesDamaged(reason="their check sum is wrong")
    frame_count, seen_count, described_count, dim, name_length = _COUNTS.unpack_from(rest)
    lengths = (name_length, seen_count * _SEEN.itemsize, described_count * _DESCRIBED.itemsize, described_count * dim)
    if _COUNTS.size + sum(lengths) != len(rest):
        raise KeptFacesDamaged(reason="their lengths contradict each other")
    ends = np.cumsum([_COUNTS.size, *lengths]).tolist()
    name, *parts = [rest[start:end] for start, end in pairwise(ends)]
    seen, described = np.frombuffer(parts[0], _SEEN), np.frombuffer(parts[1], _DESCRIBED)
    numbers = np.frombuffer(parts[2], np.int8).reshape(described_count, dim)
    try:
        pack_id = str(name, "utf-8")
    except UnicodeDecodeError as error:
        raise KeptFacesDamaged(reason="the name of their model pack is none") from error
    rows = described["row"]
    if described_count and (rows.min() < 0 or rows.max() >= seen_count):
        raise KeptFacesDamaged(reason="faces are described that were not seen")
    return KeptFaces(
        pack_id,
        Faces(
            seen=_sightings(seen),
            row=rows.astype(np.int64),
            quality=described["quality"].astype(np.float32),
            vectors=unit(numbers * described["scale"][:, None]),
            crops=np.zeros((described_count, 0, 0, 3), np.uint8),
        ),
        frame_count,
        shown=frozenset(np.flatnonzero(seen["shown"]).tolist()),
    )


def pack_crops(crops: Mapping[int, bytes]) -> bytes:
    """Pack pictures of faces."""
    listed = np.array([(face, len(crop)) for face, crop in crops.items()], _CROPS)
    return b"".join((_CROP_COUNT.pack(len(crops)), listed.tobytes(), *crops.values()))


def crop_in(packed: bytes, face: int) -> bytes | None:
    """Read one of the pictures that `pack_crops` packed; None where there is none of the face, or it is damaged."""
    if len(packed) < _CROP_COUNT.size:
        return None
    (count,) = _CROP_COUNT.unpack_from(packed)
    first = _CROP_COUNT.size + count * _CROPS.itemsize
    if len(packed) < first:
        return None
    listed = np.frombuffer(packed, _CROPS, count, _CROP_COUNT.size)
    ends = first + np.cumsum(listed["length"], dtype=np.int64)
    place = np.flatnonzero(listed["face"] == face)
    if not len(place) or ends[-1] != len(packed):
        return None
    end = int(ends[place[0]])
    return packed[end - int(listed["length"][place[0]]) : end]


def _sightings(seen: AnyArray) -> Sightings:
    return Sightings(
        frame=seen["frame"].astype(np.int64),
        t=seen["t"].astype(np.float64),
        boxes=seen["box"].astype(np.float32),
        scores=seen["score"].astype(np.float32),
        landmarks=np.zeros((len(seen), 5, 2), np.float32),
        track=seen["track"].astype(np.int64),
    )
