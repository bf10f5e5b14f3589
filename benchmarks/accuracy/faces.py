"""Named people and strangers, one photograph each: how often the name is right, missing or wrong.

    python -m benchmarks.accuracy.faces --faces DIR [--pack NAME] [--quick] [--json FILE]

Of every person of `DIR/lfw-dev` the first photograph is the gallery and the second is asked, with all the faces in
it, as `stash-sense identify` asks a picture; then every stranger of `DIR/lfw-dev-strangers`. Tags: none; the person's
own on their picture; or, as the worst case, on every picture the most similar other person's. Left out are four
people of Labeled Faces in the Wild with mislabelled photographs: Wang_Nan, Nan_Wang, Takahiro_Mori, Talisa_Soto.

Packs are fitted on one half of the names; only people of the other half are in the gallery and asked.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.accuracy.figures import at_least, between
from benchmarks.accuracy.packs import PACK_HELP, chosen_packs
from benchmarks.accuracy.photographs import CACHE, FACES_HELP, JUDGED, Describer, Photograph, labelled_people, some_of
from benchmarks.measure import table, write_json

from stash_sense.bootstrap import build
from stash_sense.errors import StashSenseError
from stash_sense.evaluation.answers import Answer, Claim
from stash_sense.evaluation.comparison import Compared, compare
from stash_sense.evaluation.document import figures_document
from stash_sense.evaluation.measures import measure
from stash_sense.evaluation.truth import TrueFile
from stash_sense.models.store import OpenPack
from stash_sense.performers.gallery import Gallery
from stash_sense.performers.roster import KnownPerson
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES, matcher_for
from stash_sense.recognition.matching.person import MatchedPerson, Matcher
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.spec import Decision
from stash_sense.scenes.people import Person, half_of
from stash_sense.settings import load_settings

TAGS = ("none", "right", "wrong")
AIMS = {"precision": 0.97, "recall": 0.80}
_QUICK_PEOPLE = 100


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A person's photograph for the gallery, and the one that is asked."""

    kept: Photograph
    asked: Photograph

    @property
    def name(self) -> str:
        """Who it is."""
        return self.kept.person.name


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """A gallery of everybody's first photograph, with what decides on names.

    Attributes:
        gallery: of those of whom that photograph shows a face.
        names: everybody's; who has no face in the gallery is missed.
        decision: of the pack.
    """

    gallery: Gallery
    names: frozenset[str]
    decision: Decision

    @classmethod
    def of(cls, pairs: Sequence[Pair], decision: Decision) -> "Bench":
        """Enrol."""
        references = [
            (KnownPerson(pair.name, pair.name), pair.kept.faces.vectors[[pair.kept.face]])
            for pair in pairs
            if pair.kept.face is not None
        ]
        gallery = Gallery.of("", references, decision.space.dim)
        return cls(gallery, frozenset(pair.name for pair in pairs), decision)

    def ask(self, photographs: Sequence[Photograph], mode: str, tags: str) -> list[Compared]:
        """Ask who is in pictures, and compare that with the truth."""
        judge = self.gallery.judge(self.decision)
        matcher, references = matcher_for(mode, judge), dict.fromkeys(self.names, 1)
        return [
            compare(
                self._answer(matcher, photograph, self._tagged(photograph, tags)), self.truth(photograph), references
            )
            for photograph in photographs
        ]

    def truth(self, photograph: Photograph) -> TrueFile:
        """State who is in a picture; around a known person there may be others, whom nobody counted."""
        name = photograph.person.name
        known = name in self.names
        return TrueFile(path=str(photograph.path), persons=(name,) if known else (), strangers=None if known else 1)

    def _tagged(self, photograph: Photograph, tags: str) -> frozenset[int]:
        names = [person.name for person in self.gallery.persons]
        own = names.index(photograph.person.name) if photograph.person.name in names else -1
        if tags == "wrong" and photograph.face is not None:
            similarity = self.gallery.vectors @ photograph.faces.vectors[photograph.face]
            return frozenset([person for person in np.argsort(-similarity).tolist() if person != own][:1])
        return frozenset({own} if tags == "right" and own >= 0 else ())

    def _answer(self, matcher: Matcher, photograph: Photograph, tagged: frozenset[int]) -> Answer:
        people = matcher.match(photograph.faces, 1, tagged).people
        return Answer(tuple(self._claim(person) for person in people))

    def _claim(self, person: MatchedPerson) -> Claim:
        best = person.name or next(iter(person.alternatives), None)
        if best is None:
            return Claim(None, 0.0, False, ())
        name = self.gallery.persons[best.person].name
        return Claim(name, best.probability, person.name is not None, ())


def figures_of(pack: OpenPack, people: Sequence[Person], cache: Path) -> dict[str, Any]:
    """Measure one pack."""
    describer = Describer(pack, cache)
    pairs, strangers = described(describer, people)
    space = describer.space if pack.background is None else FaceSpace.read(describer.space.blocks, pack.background)
    bench = Bench.of(pairs, Decision(space, pack.card.matching, pack.card.curve, pack.card.same_person))
    asked = [*(pair.asked for pair in pairs), *strangers]
    return {
        "pack": pack.card.id,
        "fitted_on": pack.card.curve.fitted_on,
        "people": len(pairs),
        "strangers": len(strangers),
        "references_without_a_face": sum(pair.kept.face is None for pair in pairs),
        "asked_without_a_face": sum(photograph.face is None for photograph in asked),
        "asked_with_several_faces": sum(len(photograph.faces) > 1 for photograph in asked),
        "figures": [
            {"mode": mode, "tags": tags, **figures_document(measure(bench.ask(asked, mode, tags)))}
            for mode in MODES
            for tags in TAGS
        ],
    }


def described(describer: Describer, people: Sequence[Person]) -> tuple[list[Pair], list[Photograph]]:
    """Describe the first two photographs of everybody who has two, and all the strangers'."""
    known = [Person(person.name, person.photos[:2]) for person in people if len(person.photos) > 1]
    found = list(describer.describe([*known, *(person for person in people if len(person.photos) == 1)]))
    of_known = found[: 2 * len(known)]
    pairs = [Pair(kept, asked) for kept, asked in zip(of_known[::2], of_known[1::2], strict=True)]
    return pairs, found[len(of_known) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, action="append", metavar="DIR", help=FACES_HELP)
    parser.add_argument("--pack", action="append", metavar="NAME", help=PACK_HELP)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_PEOPLE} people and as many strangers")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER", help="keeps what was described")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    options = parser.parse_args()
    services = build(load_settings())
    packs = []
    try:
        people = [person for person in labelled_people(options.faces) if half_of(person.name) == JUDGED]
        asked = some_of(people, _QUICK_PEOPLE if options.quick else len(people))
        for name in chosen_packs(services, options.pack):
            packs.append(figures_of(services.packs.open(name), asked, options.cache))
            print(_told(packs[-1]) + "\n")
    except StashSenseError as error:
        sys.exit(str(error))
    if options.json is not None:
        aims = [aim for results in packs for aim in aims_of(results)]
        write_json(options.json, {"benchmark": "accuracy.faces", "packs": packs, "aims": aims})


def _told(results: dict[str, Any]) -> str:
    header = ("mode", "tags", "precision", "recall", "F1", "strangers named", "wrong names", "calibration")
    counts = ("people", "strangers", "references_without_a_face", "asked_without_a_face", "asked_with_several_faces")
    lines = [
        f"{results['pack']}: " + "; ".join(f"{name.replace('_', ' ')} {results[name]}" for name in counts),
        table(header, [_line(one) for one in results["figures"]]),
        f"The curve was fitted on {results['fitted_on']}.",
    ]
    return "\n".join(lines)


def _line(one: dict[str, Any]) -> tuple[object, ...]:
    shown = (between(one[name]) for name in ("precision", "recall", "f1", "strangers_named"))
    return (one["mode"], one["tags"], *shown, one["counts"]["wrong"], between(one["calibration_error"]))


def aims_of(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare the default mode without tags with the aims."""
    default = next(one for one in results["figures"] if (one["mode"], one["tags"]) == (DEFAULT_MODE, "none"))
    return [at_least(f"{results['pack']}: {name}", default[name]["value"], aim) for name, aim in AIMS.items()]


if __name__ == "__main__":
    main()
