"""Labelled photographs -> a pack's statistics, curve and distances, and what they are worth on people not fitted on.

    python -m benchmarks.accuracy.fit_curve --faces DIR [--pack lite] [--out FOLDER] [--folds 0,1|all]

DIR has `lfw-dev/<person>/*.jpg` and `lfw-dev-strangers/*.jpg`; other folders are named with --people and --strangers.
People are split into two halves by their names: what is learnt from one is judged on the other. What is written was
learnt from all of them: `background.npz`, and `curve.json` with the curve and the distances for the pack's card.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from benchmarks.accuracy.album import Album
from benchmarks.accuracy.crowd import archive
from benchmarks.accuracy.fitting import STRANGER_WEIGHT, Learnt, learn
from benchmarks.accuracy.linking import Distances, measure_distances
from benchmarks.accuracy.measures import recall_at
from benchmarks.accuracy.photographs import CACHE, Describer, Listed, people_of, strangers_of
from benchmarks.accuracy.questions import (
    COPIES,
    KINDS,
    ONE,
    SECOND,
    Asked,
    Hiding,
    Inquiry,
    Role,
    best_probability,
    draws,
    first_photographs,
)
from benchmarks.measure import table

from stash_sense.bootstrap import build
from stash_sense.errors import StashSenseError
from stash_sense.recognition.matching.naming import NAMED_FROM
from stash_sense.recognition.spec import MatchingConstants
from stash_sense.settings import load_settings

PRECISIONS = (0.99, 0.98, 0.97, 0.95)
JUDGED_DRAWS = 6
SMALL_GALLERIES = ((1, 12), (3, 8), (20, 4), (100, 2))
"""People, and how many such galleries are asked."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, metavar="DIR", help="has lfw-dev and lfw-dev-strangers")
    parser.add_argument("--people", type=Path, metavar="DIR", help="one folder of photographs for each person")
    parser.add_argument("--strangers", type=Path, metavar="DIR", help="photographs of other people, one of each")
    parser.add_argument("--pack", metavar="NAME", help="an installed pack; by default that of the program")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write background.npz and curve.json there")
    parser.add_argument("--folds", default="0,1", help="halves to fit on for judging, or `all` to judge nothing")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER", help="keeps what was described")
    options = parser.parse_args()
    if options.faces is None and (options.people is None or options.strangers is None):
        parser.error("name the photographs with --faces, or with --people and --strangers")
    people = options.people or options.faces / "lfw-dev"
    strangers = options.strangers or options.faces / "lfw-dev-strangers"
    services = build(load_settings())
    try:
        pack = services.packs.open(services.packs.default_pack(options.pack or services.settings.pack))
    except StashSenseError as error:
        sys.exit(str(error))
    constants = pack.card.matching
    album = album_of([*people_of(people), *strangers_of(strangers)], Describer(pack, options.cache))
    names = f"{len(album.people)} people and {int(album.strangers.sum())} strangers"
    print(f"{pack.card.id}: {names}, {len(album.person)} photographs with a face")
    if options.folds != "all":
        held_out = judge_held_out(album, constants, [int(half) for half in options.folds.split(",")])
        print(table(("held out", *(f"recall@{p}" for p in PRECISIONS), *_AT_HALF), held_out))
    fitted_on = (
        f"{names} of {people.parent.name or people.name}/{people.name} (public photographs; statistics of them, no "
        f"face of anybody), {STRANGER_WEIGHT} strangers assumed for each known person"
    )
    shipped = learn(album, None, constants, fitted_on)
    distances = measure_distances(album, shipped.space)
    _print_shipped(shipped, distances)
    if options.out is not None:
        _write(options.out, shipped, distances)


def album_of(listed: Sequence[Listed], describer: Describer) -> Album:
    return Album.of(describer.describe(listed, copies=True), describer.space)


_AT_HALF = ("precision", "recall", "strangers named", "hidden named")


def judge_held_out(album: Album, constants: MatchingConstants, halves: Sequence[int]) -> list[tuple[object, ...]]:
    """Fit on each of the halves, ask the other, and put what both were asked together."""
    asked: dict[str, list[Asked]] = {}
    for half in halves:
        learnt = learn(album, half, constants, "")
        _print_curve(f"fitted on half {half}", learnt)
        inquiry = Inquiry(album, album.placed(learnt.space), learnt.decision(constants), 1 - half)
        for name, answers in _judged(inquiry):
            asked.setdefault(name, []).append(answers)
    return [_row(name, Asked.joined(parts)) for name, parts in asked.items()]


def _judged(inquiry: Inquiry) -> list[tuple[str, Asked]]:
    album = inquiry.album
    everybody = np.arange(len(album.people))
    asked = inquiry.ask(first_photographs(album), everybody, (SECOND,), best_probability)
    rows = [(f"first kept, second asked, {len(everybody)}", asked[SECOND])]
    for turn, kept in enumerate(draws(album, JUDGED_DRAWS, seed=1)):
        asked = inquiry.ask(kept, everybody, KINDS, best_probability, Hiding(JUDGED_DRAWS, turn))
        rows += [(f"{kind}, {len(everybody)}", answers) for kind, answers in asked.items()]
    random = np.random.default_rng(5)
    for size, count in SMALL_GALLERIES:
        for kept in draws(album, count, seed=9):
            gallery = random.permutation(album.people_in(inquiry.half))[:size]
            asked = inquiry.ask(kept, gallery, (ONE, COPIES), best_probability)
            rows += [(f"{kind}, {size}", answers) for kind, answers in asked.items()]
    return rows


def _row(name: str, asked: Asked) -> tuple[object, ...]:
    probability, weight = asked.values[:, 0], asked.weight
    named = probability >= NAMED_FROM
    visible = asked.role != Role.HIDDEN
    known, strangers = asked.role == Role.KNOWN, asked.role == Role.STRANGER
    total = weight[known].sum()
    right = (weight * asked.right)[visible & named].sum()

    def share(role: Role) -> float:
        rows = asked.role == role
        return float(weight[rows & named].sum() / max(weight[rows].sum(), 1e-9))

    reached = [
        recall_at(precision, probability[visible], asked.right[visible], weight[visible], total)
        if strangers.any()
        else float("nan")
        for precision in PRECISIONS
    ]
    precision = right / max(weight[visible & named].sum(), 1e-9)
    return (name, *reached, float(precision), float(right / total), share(Role.STRANGER), share(Role.HIDDEN))


def _print_curve(title: str, learnt: Learnt) -> None:
    named = zip(learnt.curve.features, learnt.curve.coefficients, strict=True)
    terms = ", ".join(f"{name} {coefficient:.4f}" for name, coefficient in named)
    print(f"{title}: {terms}, intercept {learnt.curve.intercept:.4f}")


def _print_shipped(shipped: Learnt, distances: Distances) -> None:
    rows = [(1.0 - linked.threshold, linked.precision, linked.recall, linked.f1) for linked in distances.tried]
    print("\n" + table(("cluster distance", "pairs right", "pairs found", "F1"), rows))
    _print_curve("\nfitted on all", shipped)
    print(f"cluster {distances.cluster:.4f}, max {distances.maximum:.4f}, stranger {distances.stranger:.4f}")


def _write(folder: Path, shipped: Learnt, distances: Distances) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "background.npz").write_bytes(archive(shipped.space))
    curve = asdict(shipped.curve)
    matching = {
        "cluster_distance": round(distances.cluster, 4),
        "max_distance": round(distances.maximum, 4),
        "stranger_distance": round(distances.stranger, 4),
    }
    (folder / "curve.json").write_text(json.dumps({"curve": curve, "matching": matching}, indent=2) + "\n")
    print(f"written: {folder / 'background.npz'}, {folder / 'curve.json'}")


if __name__ == "__main__":
    main()
