"""Two versions of a performers database, one of which follows the other, and scenes with their people.

Nobody of them exists: people are drawn as the pack `duo` describes strangers (see `synthetic.Pictures`). The pack
need not be installed: what decides is shipped with the program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.scale.synthetic import Pictures

from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.arrays import Bools, Doubles, Floats, Ints
from stash_sense.models.catalogue import Catalogue
from stash_sense.performers.database import PackSpace
from stash_sense.performers.records import FaceRecord, PerformerRecord
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary, new_origin
from stash_sense.performers.writer import Heading, VersionWriter
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants

PACK = "duo"
REFERENCES = (1, 5)
"""Pictures of a person, from and up to but without: 2.5 on average."""
NEW, CHANGED, REMOVED = 0.01, 0.01, 0.005
"""Shares of the people that differ in the second version."""
CAST, EVENNESS = 3000, 0.8
"""People of the first version who are in the scenes at all, and how much oftener the first of them are than the last:
the n-th is in as many as (n + 5) to the power of -0.8."""
KNOWN, SOON_KNOWN = 0.75, 0.01
"""Shares of the people in scenes who are in the first version, and who are new in the second."""
FACES, TRACKS, SEEN = 12, 4, 2
"""Faces of a person in a scene that are kept, the tracks they are on, and faces seen for each of them."""
HARDEST, EASIEST = 0.25, 0.8
"""Least and greatest share of a face in a scene that is the person's own: the pack fails at one, not at the other."""
_BLOCK = 4096
_DAY = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def decision() -> Decision:
    """Return by what the pack decides."""
    template = Catalogue.shipped().entry(PACK).template
    blocks = [Block(one["dim"], one["weight"]) for one in template["embedders"]]
    statistics = files("stash_sense.models") / "catalogue" / str(template["background_file"])
    space = FaceSpace.read(blocks, statistics.read_bytes())
    curve, same = (_curve(template[name]) for name in ("curve", "same_person"))
    return Decision(space, MatchingConstants(**template["matching"]), curve, same)


def pack_space() -> PackSpace:
    """Return what the pack says about vectors."""
    entry = Catalogue.shipped().entry(PACK)
    return PackSpace(PACK, tuple(one["id"] for one in entry.template["embedders"]), decision().space)


def _curve(template: dict[str, object]) -> ProbabilityCurve:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in template.items()
    }
    return ProbabilityCurve(**values)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everybody there is, and what becomes of them from one version to the next.

    Attributes:
        people: (n, D) what the pictures of each person have in common; the last ones are new in the second version.
        counts: (n,) pictures of each in the first version, or, of who is new, in the second.
        first: how many are in the first version.
        changed, removed: (n,) whose pictures change, and who is not in the second version.
    """

    people: Floats
    counts: Ints
    first: int
    changed: Bools
    removed: Bools


def world(people: int, seed: int = 0) -> World:
    """Draw so many people of the first version, and those who are new in the second."""
    random = np.random.default_rng(seed)
    count = people + max(1, round(people * NEW))
    drawn = Pictures(decision().space, random).people(count)
    fate = random.random(count)
    fate[people:] = 1.0
    counts = random.integers(*REFERENCES, count)
    return World(drawn, counts, people, fate < CHANGED, (fate >= CHANGED) & (fate < CHANGED + REMOVED))


def write(world: World, folder: Path, version: str, *, second: bool) -> None:
    """Write one of the two versions into a new folder."""
    space = decision().space
    folder.mkdir(parents=True)
    embedders = tuple(zip(pack_space().embedders, (block.dim for block in space.blocks), strict=True))
    with VersionWriter(folder, Heading(version, _DAY, PACK, embedders, ("made up",))) as writer:
        for start in range(0, len(world.people), _BLOCK):
            # Equal people have equal pictures in both versions: the numbers are drawn by blocks of people.
            some = slice(start, start + _BLOCK)
            pictures = Pictures(space, np.random.default_rng([1, start]))
            fresh = Pictures(space, np.random.default_rng([2, start]))
            counts = world.counts[some]
            owners = np.repeat(np.arange(len(counts)), counts)
            drawn, new = pictures.of(world.people[some][owners]), fresh.of(world.people[some])
            for place, vectors in enumerate(np.split(drawn, np.cumsum(counts)[:-1])):
                number = start + place
                if number >= world.first if not second else world.removed[number]:
                    continue
                images = [f"{number}-{image}" for image in range(len(vectors))]
                if second and world.changed[number]:
                    vectors, images = np.concatenate([vectors[1:], new[place][None]]), [*images[1:], f"{number}-new"]
                record = PerformerRecord(id_of(number), f"Person {number}")
                writer.add(record, list(map(_face, images)), _parts(space, vectors))
        writer.finish()


def install(world: World, library: PerformersLibrary) -> tuple[InstalledVersion, InstalledVersion]:
    """Write both versions and install them; the second is in use."""
    installed = []
    for name, second in (("1", False), ("2", True)):
        with library.alone(), library.staging() as stage:
            write(world, stage / "version", name, second=second)
            installed.append(library.install(stage / "version", new_origin("made up", built_here=True)))
    return installed[0], installed[1]


def id_of(number: int) -> str:
    """Universal id of a person."""
    return f"made-up.example:{number:08d}"


def scenes(world: World, count: int, people: int = 2, seed: int = 0) -> Iterator[KeptFaces]:
    """Make scenes with so many people each, one after the other.

    Who is seen is in the first version, or new in the second, or in none. How much a face tells of its person differs
    from scene to scene, and half of what is wrong with it is so in all faces of the scene.
    """
    random = np.random.default_rng([3, seed])
    pictures = Pictures(decision().space, random)
    cast_of_all = np.random.default_rng(4).permutation(world.first)[:CAST]
    often = (np.arange(len(cast_of_all)) + 5.0) ** -EVENNESS
    often /= often.sum()
    for _ in range(count):
        known = random.choice(cast_of_all, people, replace=False, p=often)
        soon = random.integers(world.first, len(world.people), people)
        chance = random.random(people)
        cast = world.people[np.where(chance < KNOWN, known, soon)]
        strangers = chance >= KNOWN + SOON_KNOWN
        cast[strangers] = pictures.people(int(strangers.sum()))
        yield _scene(cast, random.uniform(HARDEST, EASIEST, people), pictures, random)


def _scene(cast: Floats, own: Doubles, pictures: Pictures, random: np.random.Generator) -> KeptFaces:
    people = len(cast)
    person = np.tile(np.arange(people), FACES)  # all in every frame
    share = own[person][:, None].astype(np.float32)
    common = pictures.people(people)[person]
    drawn = cast[person] * np.sqrt(share) + common * np.sqrt((1 - share) / 2)
    rest = pictures.people(len(person)) * np.sqrt((1 - share) / 2)
    space = decision().space
    vectors = space.renormalised(space.crowd_mean + drawn + rest)
    frame = np.repeat(np.arange(FACES), people) * SEEN
    track = (np.repeat(np.arange(FACES), people) * TRACKS // FACES) * people + person
    rows = np.repeat(np.arange(len(person)), SEEN)
    seen_frame = frame[rows] + np.tile(np.arange(SEEN), len(person))
    order = np.argsort(seen_frame, kind="stable")
    described = np.flatnonzero((seen_frame[order] % SEEN) == 0)
    seen = Sightings(
        frame=seen_frame[order],
        t=seen_frame[order].astype(np.float64),
        boxes=np.tile(np.array([10, 20, 110, 140], np.float32), (len(order), 1)),
        scores=np.ones(len(order), np.float32),
        landmarks=np.zeros((len(order), 5, 2), np.float32),
        track=track[rows][order],
    )
    which = rows[order][described]
    quality = (random.uniform(0.8, 1.5, len(person)) ** 2).astype(np.float32)
    faces = Faces(seen, described, quality, vectors[which], np.zeros((len(person), 0, 0, 3), np.uint8))
    return KeptFaces(PACK, faces, FACES * SEEN)


def _face(image: str) -> FaceRecord:
    return FaceRecord(
        image_hash=image.encode().hex().ljust(64, "0"), image_url=f"https://made-up.example/{image}.jpg"
    )


def _parts(space: FaceSpace, vectors: Floats) -> list[Floats]:
    parts = np.split(vectors, np.cumsum([block.dim for block in space.blocks])[:-1], axis=1)
    return [part / np.float32(np.sqrt(block.weight)) for part, block in zip(parts, space.blocks, strict=True)]
