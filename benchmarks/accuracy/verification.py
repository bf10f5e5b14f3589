"""Faces beside faces: whether two photographs show one person, who that is, and whether it is anybody known.

    python -m benchmarks.accuracy.verification --faces DIR [--pack NAME] [--json FILE] [--quick]

Every photograph of `DIR/lfw-dev/<person>/` and `DIR/lfw-dev-strangers/` is described once, by its most prominent
face; those without a face are left out and counted, and so are four people of Labeled Faces in the Wild with
mislabelled photographs: Wang_Nan, Nan_Wang, Takahiro_Mori, Talisa_Soto. --faces and --pack can be repeated.

Cosines are measured of vectors as the embedders give them, side by side (plain), and whitened. The whitening and the
curve that a pack ships are learnt from one half of the names. So every figure is given of everybody, where it
flatters whitened vectors, and of the other half alone (held out), with a gallery of half as many people.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.accuracy.packs import PACK_HELP, chosen_packs
from benchmarks.accuracy.photographs import CACHE, FACES_HELP, Describer, Photograph, labelled_people, some_of
from benchmarks.measure import table, write_json

from stash_sense.bootstrap import build
from stash_sense.errors import StashSenseError
from stash_sense.evaluation.answers import Numbers
from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.models.store import OpenPack
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.faces import CROP_SIZE, Faces, Sightings
from stash_sense.recognition.matching.modes import MODES, matcher_for
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import Decision
from stash_sense.scenes.people import Person
from stash_sense.settings import load_settings

FALSE_ACCEPTS = (1e-3, 1e-4)
FALSE_ALARMS = 0.01
REFERENCES = 3
AIMS = {"duo": ("rank_1", 0.975)}
"""Pack -> figure of whitened vectors, and what it should reach at least."""
_QUICK = 100
"""People, and strangers, of the short run."""


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """One face of each photograph, each person's together.

    Attributes:
        vectors: (n, D) unit vectors.
        quality: (n,) how much each face counts.
        person: (n,) number of the person; strangers, with one photograph each, have numbers of their own.
        known: (n,) whether it is one of the people.
    """

    vectors: Floats
    quality: Floats
    person: Ints
    known: Bools

    @property
    def first(self) -> Ints:
        """Rows of the first photograph of each of the people."""
        rows = np.flatnonzero(self.known)
        first: Ints = rows[np.unique(self.person[rows], return_index=True)[1]]
        return first

    @property
    def others(self) -> Ints:
        """Rows of the people's other photographs."""
        return np.setdiff1d(np.flatnonzero(self.known), self.first)

    @property
    def strangers(self) -> Ints:
        """Rows of the strangers."""
        return np.flatnonzero(~self.known)

    def only(self, rows: Bools) -> "Crowd":
        """Return some of the photographs."""
        return Crowd(self.vectors[rows], self.quality[rows], self.person[rows], self.known[rows])


def crowd_of(photographs: Sequence[Photograph]) -> Crowd:
    """Take the most prominent face of each photograph; people of whom one photograph is left count as strangers."""
    chosen = [(photograph, photograph.face) for photograph in photographs if photograph.face is not None]
    person = np.unique([photograph.person.name for photograph, _ in chosen], return_inverse=True)[1]
    return Crowd(
        vectors=np.stack([photograph.faces.vectors[face] for photograph, face in chosen]),
        quality=np.stack([photograph.faces.quality[face] for photograph, face in chosen]),
        person=person,
        known=np.bincount(person)[person] > 1,
    )


def verification(crowd: Crowd) -> dict[str, Any]:
    """Judge every pair of photographs: the same person or not."""
    similarity = crowd.vectors @ crowd.vectors.T
    above = np.triu(np.ones(similarity.shape, bool), 1)
    same = crowd.person[:, None] == crowd.person[None, :]
    genuine, impostors = similarity[above & same], np.sort(similarity[above & ~same])
    below = np.searchsorted(impostors, genuine, "left") + np.searchsorted(impostors, genuine, "right")
    return {
        "genuine_pairs": len(genuine),
        "impostor_pairs": len(impostors),
        "auc": float(below.mean() / (2.0 * len(impostors))),
        **{f"tar_at_far_{rate:g}": accepted(genuine, impostors, rate) for rate in FALSE_ACCEPTS},
    }


def accepted(genuine: Numbers | Floats, impostors: Numbers | Floats, rate: float) -> float:
    """Return the share of genuine scores above every impostor's but for the highest `rate` of them."""
    allowed = int(rate * len(impostors))
    return float((genuine > np.sort(impostors)[len(impostors) - 1 - allowed]).mean())


def identification(crowd: Crowd, space: FaceSpace) -> dict[str, Any]:
    """Ask who a photograph shows, of a gallery of everybody."""
    first, others = crowd.first, crowd.others
    with_strangers = np.concatenate([first, crowd.strangers])
    gallery, several = _templates(crowd, space)
    later = _photographs_after(crowd, REFERENCES)
    return {
        "people": len(first),
        "probes": len(others),
        "rank_1": _rank_1(crowd, others, crowd.vectors[first], crowd.person[first]),
        "rank_1_among_strangers": _rank_1(crowd, others, crowd.vectors[with_strangers], crowd.person[with_strangers]),
        "probes_of_people_with_more": len(later),
        f"rank_1_with_{REFERENCES}": _rank_1(crowd, later, gallery, several),
        "rank_1_with_1_of_the_same": _rank_1(crowd, later, crowd.vectors[first], crowd.person[first]),
    }


def detected(best: Ints, score: Numbers, person: Ints, stranger_score: Numbers) -> float:
    """Return the share of known people who come first with a score above all but 1 % of the strangers' best."""
    allowed = int(FALSE_ALARMS * len(stranger_score))
    limit = np.sort(stranger_score)[len(stranger_score) - 1 - allowed]
    return float(((best == person) & (score > limit)).mean())


def open_set_by_cosine(crowd: Crowd) -> float:
    """Detection and identification rate by the plain cosine to everybody's first photograph."""
    first, others = crowd.first, crowd.others
    gallery, owner = crowd.vectors[first].T, crowd.person[first]
    similarity = crowd.vectors[others] @ gallery
    strangers = (crowd.vectors[crowd.strangers] @ gallery).max(axis=1)
    best = owner[similarity.argmax(axis=1)]
    return detected(best, similarity.max(axis=1).astype(np.float64), crowd.person[others], strangers)


def open_set_by_mode(plain: Crowd, decision: Decision, mode: str) -> float:
    """Detection and identification rate by the probability of the best candidate of one face."""
    first, others = plain.first, plain.others
    people = [(KnownPerson(str(row), ""), plain.vectors[[row]]) for row in first.tolist()]
    gallery = Gallery.of("", people, decision.space.dim)
    judge = gallery.judge(decision)
    matcher = matcher_for(mode, judge)

    def asked(row: int) -> tuple[int, float]:
        for person in matcher.match(one_face(plain, row), 1).people:
            best = person.name or next(iter(person.alternatives), None)
            if best is not None:
                return int(plain.person[first[best.person]]), best.probability
        return -1, 0.0

    best, score = (np.array(column) for column in zip(*map(asked, others.tolist()), strict=True))
    strangers = np.array([asked(row)[1] for row in plain.strangers.tolist()])
    return detected(best, score, plain.person[others], strangers)


def one_face(crowd: Crowd, row: int) -> Faces:
    """The face of one photograph as a matcher is given it; where it lies does not matter."""
    seen = Sightings(
        frame=np.zeros(1, np.int64),
        t=np.full(1, np.nan, np.float64),
        boxes=np.zeros((1, 4), np.float32),
        scores=np.ones(1, np.float32),
        landmarks=np.zeros((1, 5, 2), np.float32),
        track=np.zeros(1, np.int64),
    )
    crops = np.zeros((1, CROP_SIZE, CROP_SIZE, 3), np.uint8)
    return Faces(seen, np.zeros(1, np.int64), crowd.quality[[row]], crowd.vectors[[row]], crops)


def figures_of(pack: OpenPack, people: Sequence[Person], cache: Path) -> dict[str, Any]:
    """Measure one pack."""
    describer = Describer(pack, cache)
    photographs = list(describer.describe(people))
    judged = np.array([one.judged for one in photographs if one.face is not None])
    plain, space = crowd_of(photographs), describer.space
    crowds = {"plain": plain, "plain_held_out": plain.only(judged)}
    if pack.background is not None:
        space = FaceSpace.read(space.blocks, pack.background)
        whitened = replace(plain, vectors=space.whitened(plain.vectors))
        crowds |= {"whitened": whitened, "whitened_held_out": whitened.only(judged)}
    results: dict[str, Any] = {
        "pack": pack.card.id,
        "quantised": sorted(pack.quantised),
        "fitted_on": pack.card.curve.fitted_on,
        "photographs": len(photographs),
        "without_a_face": sum(photograph.face is None for photograph in photographs),
    }
    for name, crowd in crowds.items():
        results[name] = {
            **verification(crowd),
            **identification(crowd, space),
            "strangers": len(crowd.strangers),
            "open_set_cosine": open_set_by_cosine(crowd),
        }
    decision = Decision(space, pack.card.matching, pack.card.curve, pack.card.same_person)
    held_out = crowds["plain_held_out"]
    results["open_set_by_mode"] = {mode: open_set_by_mode(held_out, decision, mode) for mode in MODES}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, action="append", metavar="DIR", help=FACES_HELP)
    parser.add_argument("--pack", action="append", metavar="NAME", help=PACK_HELP)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} people and as many strangers")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER", help="keeps what was described")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    options = parser.parse_args()
    services = build(load_settings())
    measured = []
    try:
        everybody = labelled_people(options.faces)
        people = some_of(everybody, _QUICK if options.quick else len(everybody))
        for name in chosen_packs(services, options.pack):
            measured.append(figures_of(services.packs.open(name), people, options.cache))
            print(_told(measured[-1]) + "\n")
    except StashSenseError as error:
        sys.exit(str(error))
    if options.json is not None:
        results = {"benchmark": "accuracy.verification", "packs": measured, "aims": aims(measured)}
        write_json(options.json, results)


def aims(measured: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Compare the packs that have an aim with it."""
    stated = []
    for results in measured:
        if results["pack"] in AIMS:
            figure, aim = AIMS[results["pack"]]
            for space, crowd in (("whitened", "everybody"), ("whitened_held_out", "held out")):
                value = (results.get(space) or results[space.replace("whitened", "plain")])[figure]
                what = f"{results['pack']}: {figure.replace('_', '-')} with one reference, {crowd}"
                stated.append({"what": what, "aim": f">= {aim}", "measured": round(value, 4), "met": value >= aim})
    return stated


def _rank_1(crowd: Crowd, probes: Ints, gallery: Floats, owner: Ints) -> float | None:
    if not len(probes):
        return None
    return float((owner[(crowd.vectors[probes] @ gallery.T).argmax(axis=1)] == crowd.person[probes]).mean())


def _templates(crowd: Crowd, space: FaceSpace) -> tuple[Floats, Ints]:
    """Return everybody's template: of three photographs where there is a fourth to ask about, else of the first."""
    owner = crowd.person[crowd.first]
    sums = []
    for person in owner.tolist():
        rows = np.flatnonzero(crowd.person == person)
        sums.append(crowd.vectors[rows[: REFERENCES if len(rows) > REFERENCES else 1]].sum(axis=0))
    return space.renormalised(np.stack(sums)), owner


def _photographs_after(crowd: Crowd, references: int) -> Ints:
    """Return rows of people's photographs beyond the first few."""
    rows = [np.flatnonzero(crowd.person == person)[references:] for person in crowd.person[crowd.first].tolist()]
    return np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)


def _told(results: dict[str, Any]) -> str:
    spaces = [name for name in results if name.startswith(("plain", "whitened"))]
    rows = [(figure.replace("_", " "), *(results[name][figure] for name in spaces)) for figure in results[spaces[0]]]
    header = (
        f"{results['pack']}, {results['photographs']} photographs",
        *(space.replace("_", " ") for space in spaces),
    )
    lines = [table(header, [(name, *map(_cell, values)) for name, *values in rows])]
    alarms = f"held out, detected and identified at {FALSE_ALARMS:.0%} false alarms"
    lines += [f"{alarms}, mode {mode}: {rate:.4f}" for mode, rate in results["open_set_by_mode"].items()]
    lines.append(f"without a face: {results['without_a_face']}; statistics and curve: {results['fitted_on']}")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return "nobody to ask"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


if __name__ == "__main__":
    main()
