"""What clustering and naming cost: processor milliseconds for the faces of one video against 400 known people.

    python -m benchmarks.speed.matching [--quick] [--json FILE]

Vectors are generated with the spread that the pack `lite` has: cosines of .895 between people and .96 within one; the
faces of a video are the described ones, four of each track, in which each stands for three that were only seen.
`several`: one person has 60 % of the faces, seven others the rest, half of them unknown. `one`: all the faces are one
person's, the most that clustering can have to do. Medians of several runs, with the matrix library (OpenBLAS) on one
thread, as the program keeps it, and beside it with the threads it takes by itself, which spin while they wait.
"""

import argparse
import json
import os
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from benchmarks.measure import run_child, table, write_json

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import CROP_SIZE, Faces, Sightings
from stash_sense.recognition.matching.counting import PAIR_FEATURES
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.modes import MODES, matcher_for
from stash_sense.recognition.space import Block, FaceSpace, unit
from stash_sense.recognition.spec import Decision, MatchingConstants

DIM = 128
KNOWN = 400
AIMS_MS = {64: 5.0, 500: 30.0, 5000: 1000.0}
"""Faces of a video, and processor milliseconds that naming them may take."""
COMMON, OWN, CHANGING = 0.895, 0.065, 0.04
"""Shares of a vector's squared length: what all faces have, what one person has, what one picture has."""
LEADING_SHARE, CAST = 0.6, 8
MOST_PER_FRAME = 3
CURVE = ProbabilityCurve(("margin",), (300.0,), -6.0, "generated vectors: even odds at a margin of .02")
CONSTANTS = MatchingConstants(cluster_distance=0.06, max_distance=0.052, stranger_distance=0.105, track_distance=0.09)
SAME_PERSON = ProbabilityCurve(PAIR_FEATURES[:1], (200.0,), -186.0, "generated vectors: even odds at a cosine of .93")
TRACK, SEEN = 4, 3
"""Described faces of a track, and faces seen for each of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One video: its faces, the mode, processor milliseconds, and how many people were told apart and named."""

    faces: int
    scene: str
    mode: str
    cpu_ms: float
    aim_ms: float
    groups: int
    named: int


class Faceless:
    """Makes vectors of people who do not exist."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._common = self._directions(1)
        self._people = self._directions(KNOWN + CAST)

    def pictures_of(self, people: Ints) -> Floats:
        """Make one picture for each number of a person; the first `KNOWN` are in the gallery."""
        parts = (self._common, self._people[people], self._directions(len(people)))
        return unit(sum(np.sqrt(share) * part for share, part in zip((COMMON, OWN, CHANGING), parts, strict=True)))

    def space(self) -> FaceSpace:
        """Describe the crowd of everybody."""
        plain = FaceSpace.plain([Block(DIM, 1.0)])
        vectors = self.pictures_of(np.arange(KNOWN))
        mean, covariance = vectors.mean(axis=0), np.cov(vectors.T).astype(np.float32)
        return FaceSpace(plain.blocks, plain.whitening, mean, mean, covariance)

    def _directions(self, count: int) -> Floats:
        return unit(self._random.normal(size=(count, DIM)).astype(np.float32))


def cast_of(count: int, scene: str) -> Ints:
    """Say whose each of the faces is: person 0 leads, then known and unknown ones in turn."""
    if scene == "one":
        return np.zeros(count, np.int64)
    others = np.array([1, KNOWN, 2, KNOWN + 1, 3, KNOWN + 2, 4])
    leading = round(count * LEADING_SHARE)
    people = np.concatenate([np.zeros(leading, np.int64), np.resize(others, count - leading)])
    return np.random.default_rng(1).permutation(people)


def faces_of(vectors: Floats, people: Ints) -> Faces:
    """Spread pictures over frames, at most three to a frame and nobody twice in one; four of one person in a row are
    a track, and each is seen in three frames."""
    frame, track = np.empty(len(people), np.int64), np.empty(len(people), np.int64)
    tracks: dict[tuple[int, int], int] = {}
    before = np.zeros(KNOWN + CAST, np.int64)
    shown: set[int] = set()
    number = 0
    for place, person in enumerate(people.tolist()):
        if person in shown or len(shown) == MOST_PER_FRAME:
            shown, number = set(), number + 1
        shown.add(person)
        frame[place] = number
        track[place] = tracks.setdefault((person, int(before[person]) // TRACK), len(tracks))
        before[person] += 1
    count = len(people)
    rows = np.repeat(np.arange(count), SEEN)
    seen_in = frame[rows] * SEEN + np.tile(np.arange(SEEN), count)
    order = np.argsort(seen_in, kind="stable")
    rows, seen_in = rows[order], seen_in[order]
    seen = Sightings(
        frame=seen_in,
        t=seen_in.astype(np.float64),
        boxes=np.zeros((len(rows), 4), np.float32),
        scores=np.ones(len(rows), np.float32),
        landmarks=np.zeros((len(rows), 5, 2), np.float32),
        track=track[rows],
    )
    return Faces(
        seen=seen,
        row=np.flatnonzero(seen_in % SEEN == 0),
        quality=np.random.default_rng(2).uniform(0.2, 1.0, count).astype(np.float32),
        vectors=vectors[rows[seen_in % SEEN == 0]],
        crops=np.broadcast_to(np.uint8(0), (count, CROP_SIZE, CROP_SIZE, 3)),
    )


def measure(runs: int) -> list[Row]:
    """Measure every size, scene and mode."""
    made = Faceless(seed=0)
    space = made.space()
    owner = np.arange(KNOWN)
    persons = tuple(KnownPerson(str(number), str(number)) for number in range(KNOWN))
    gallery = Gallery("", persons, made.pictures_of(owner), owner)
    judge = gallery.judge(Decision(space, CONSTANTS, CURVE, SAME_PERSON))
    rows = []
    for count, aim in AIMS_MS.items():
        for scene in ("several", "one"):
            people = cast_of(count, scene)
            faces = faces_of(made.pictures_of(people), people)
            rows += [_row(judge, faces, scene, mode, aim, runs) for mode in MODES]
    return rows


def _row(judge: Judge, faces: Faces, scene: str, mode: str, aim: float, runs: int) -> Row:
    matcher = matcher_for(mode, judge)
    frames = int(faces.seen.frame.max()) + 1
    people = matcher.match(faces, frames).people
    spent = []
    for _ in range(runs):
        started = time.process_time()
        matcher.match(faces, frames)
        spent.append((time.process_time() - started) * 1000.0)
    named = sum(person.name is not None for person in people)
    return Row(len(faces), scene, mode, statistics.median(spent), aim, len(people), named)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 runs instead of 9")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    quick = ["--quick"] if options.quick else []
    if options.child:
        print(json.dumps([asdict(row) for row in measure(3 if options.quick else 9)]))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = str(os.cpu_count())  # read when numpy is imported, so by the next child
    several = json.loads(run_child("benchmarks.speed.matching", "--child", *quick))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    single = json.loads(run_child("benchmarks.speed.matching", "--child", *quick))
    rows = [{**row, "cpu_ms_several": other["cpu_ms"]} for row, other in zip(single, several, strict=True)]
    header = ("faces", "scene", "mode", "cpu ms", "aim ms", "people", "named", "cpu ms, several threads")
    print(table(header, [tuple(row.values()) for row in rows]))
    if options.json is not None:
        aims = [
            {
                "what": f"{row['faces']} faces, {row['scene']}, {row['mode']}: CPU ms",
                "aim": f"<= {row['aim_ms']:.0f}",
                "measured": round(row["cpu_ms"], 2),
                "met": row["cpu_ms"] <= row["aim_ms"],
            }
            for row in rows
        ]
        write_json(options.json, {"benchmark": "speed.matching", "rows": rows, "aims": aims})


if __name__ == "__main__":
    main()
