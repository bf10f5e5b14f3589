"""The pictures of docs/explanation: the sample portraits filmed, looked at and decided on by the program itself.

    python -m benchmarks.accuracy.pictures [--pack NAME] [--out FOLDER]

Only the sample portraits are shown (samples/NOTICE.md). Boxes, tracks, groups and evidence are what the pack finds;
another pack, or a pack with other statistics, gives other bars.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from stash_sense.bootstrap import Services, build
from stash_sense.bootstrap.recognition import face_finder_of
from stash_sense.calibration.degrading import LEVELS, degraded
from stash_sense.errors import StashSenseError
from stash_sense.kernel.arrays import Doubles, Floats, Image, Ints
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.performers.gallery import Gallery
from stash_sense.recognition.alignment import PORTRAIT, align
from stash_sense.recognition.evidence import FEATURES, ProbeFaces
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import CROP_SIZE, Faces
from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.person import MatchedPerson
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.recognition.spec import Decision
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.scenes.cutout import Wardrobe
from stash_sense.scenes.film import film_scene
from stash_sense.scenes.people import Actors, Person
from stash_sense.scenes.planning import plan_scene
from stash_sense.scenes.script import SceneOptions, SceneScript
from stash_sense.settings import load_settings

OUT = Path("docs/explanation/pictures")
PACK = "duo"

_ACTORS = Actors(
    tuple(Person(file.parent.name, (file,)) for file in sorted(PEOPLE.glob("*/portrait.jpg"))),
    (Person("Grace Hopper", (STRANGER,)),),
)
_OPTIONS = SceneOptions(seconds=(16.0, 22.0), shots=(6, 6), sizes={"medium": 1.0})
_SHOWN = ("similarity", "margin", "gap", "apartness", "votes", "quality")
"""Columns of the evidence that the picture of it has: one of each kind, to be read without a legend."""
_FRAMES = 4
_LONGEST_STRIP = 12
"""Faces of a track side by side: more would be too small to look at."""

_NOTHING, _FULL = 230, 410
"""Where the bars of evidence begin, and how long one is that says 1, pixels."""
_PAPER, _INK, _FAINT = (255, 255, 255), (40, 40, 40), (205, 205, 205)
_KNOWN, _STRANGER = (0, 114, 178), (213, 94, 0)
_COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (150, 150, 150),
)
"""Okabe and Ito's and grey, which people who see few colours can tell apart."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was found in the film.

    Attributes:
        frames: those looked at, in the order of time.
        passes: seconds that were to be looked at in each pass.
        faces: found in the frames; their numbers are places in `frames`.
        people: as the program decided.
        gallery: that was asked.
        judge: that decided.
    """

    frames: tuple[Frame, ...]
    passes: tuple[Doubles, ...]
    faces: Faces
    people: tuple[MatchedPerson, ...]
    gallery: Gallery
    judge: Judge

    def called(self, person: MatchedPerson) -> str:
        """Return a person's name, or what somebody unknown is called."""
        if person.name is not None:
            return self.gallery.persons[person.name.person].name
        return f"unknown person {1 + [one for one in self.people if one.name is None].index(person)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default=PACK, metavar="NAME", help="an installed pack")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER", help="where the pictures go")
    options = parser.parse_args()
    services = build(load_settings())
    try:
        seen = look(services, options.pack)
        poor = poor_copies(services, options.pack)
    except StashSenseError as error:
        sys.exit(str(error))
    pictures = {
        "passes.png": draw_passes(seen),
        "frames.jpg": draw_frames(seen),
        "track.jpg": draw_track(seen),
        "people.jpg": draw_people(seen),
        "poor-copies.jpg": draw_poor_copies(poor),
        "evidence.png": draw_evidence(seen),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        path = options.out / name
        if path.suffix == ".png":
            picture.quantize(64).save(path, optimize=True)
        else:
            picture.save(path, quality=82, optimize=True)
        print(f"{name:16} {picture.width} x {picture.height}, {path.stat().st_size / 1000:.0f} kB")


def script() -> SceneScript:
    """Return the first scene in which two known people and the stranger play, known beside unknown."""
    return next(one for one in (plan_scene(seed, _ACTORS, _OPTIONS) for seed in range(10_000)) if _shows_all(one))


def _shows_all(one: SceneScript) -> bool:
    casts = [{role.subject for role in shot.roles} for shot in one.shots]
    return (
        len(one.people) == 2
        and len(one.strangers) == 1
        and all(sum(name in cast for cast in casts) >= 2 for name in (*one.people, *one.strangers))
        and any(len(cast) == 2 and set(one.strangers) < cast for cast in casts)
        and any(set(one.people) <= cast for cast in casts)
        and not any(shot.fade for shot in one.shots)
    )


def look(services: Services, pack: str) -> Seen:
    """Film the scene, and look at it with a pack.

    Raises:
        PackError: the pack cannot be used.
    """
    opened = services.packs.open(pack)
    finder = face_finder_of(opened, services.limits)
    card = opened.card
    decision = Decision(finder.space, card.matching, card.curve, card.same_person)
    gallery = services.recognizer(pack).enrol(PEOPLE, services.cancel).gallery
    judge = gallery.judge(decision)
    with tempfile.TemporaryDirectory(prefix="stash-sense-pictures-") as folder:
        film = Path(folder) / "scene.mp4"
        film_scene(script(), film, Wardrobe(opened.detector, services.pictures))
        frames, passes, faces = _look_at(services, finder, film)
    frames.sort(key=lambda frame: frame.t or 0.0)
    people = TemplateMatcher(judge).match(faces, len(frames)).people
    return Seen(tuple(frames), passes, faces, people, gallery, judge)


def _look_at(services: Services, finder: FaceFinder, film: Path) -> tuple[list[Frame], tuple[Doubles, ...], Faces]:
    """Return the frames of both passes, whether or not the second is needed, their moments, and all faces."""
    sweep, plan = finder.sweep(StageClock(), services.cancel), SamplingPlan()
    frames: list[Frame] = []
    with services.videos.open(film) as video:
        for some in video.passes(plan, services.cancel):
            these = list(some)
            sweep.look_at(these)
            found = sweep.found()  # as the program does: faces described after the first pass stay described
            frames += these
        moments = plan.passes(video.info.duration)
    return frames, moments, found.faces


def poor_copies(services: Services, pack: str) -> list[Image]:
    """Cut the face of a portrait out of it and out of its poor copies, as many pixels as there are of each."""
    portrait = services.pictures.read(PEOPLE / "Eileen Collins" / "portrait.jpg").image
    (found,) = services.packs.open(pack).detector.detect([portrait])
    random = np.random.default_rng(0)
    copies = [(portrait, found.boxes[0])]
    copies += [degraded(portrait, found.boxes[0], found.landmarks[0], level, random)[:2] for level in LEVELS]
    return [_around(image, box) for image, box in copies]


def _around(image: Image, box: Floats) -> Image:
    half = 0.8 * float(box[3] - box[1])
    x, y = (box[:2] + box[2:]) / 2.0
    top, left = max(0, round(float(y) - half)), max(0, round(float(x) - half))
    return image[top : round(float(y) + half), left : round(float(x) + half)]


def draw_passes(seen: Seen) -> Pillow.Image:
    """Draw a line of time with the moments of both passes."""
    picture, pen = _sheet(960, 92)
    last = max(times.max() for times in seen.passes)
    for number, (times, colour) in enumerate(zip(seen.passes, (_KNOWN, _STRANGER), strict=True)):
        y = 24 + 42 * number
        _write(pen, (10, y), f"{('first', 'second')[number]} pass: {len(times)}", anchor="lm")
        pen.line((180, y, 950, y), fill=_FAINT, width=2)
        for t in times.tolist():
            x = 180 + 760 * t / last
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=colour)
    return picture


def draw_frames(seen: Seen) -> Pillow.Image:
    """Draw boxes in the colours of the tracks into a few frames that show as many tracks as they can."""
    names = _names_of_rows(seen)
    tiles = []
    for number in _telling(seen.faces.seen.track, seen.faces.seen.frame):
        picture = Pillow.fromarray(seen.frames[number].image)
        pen = ImageDraw.Draw(picture)
        for row in np.flatnonzero(seen.faces.seen.frame == number).tolist():
            track = int(seen.faces.seen.track[row])
            left, top, right, bottom = seen.faces.seen.boxes[row].tolist()
            pen.rectangle((left, top, right, bottom), outline=_colour(track), width=4)
            words = f"track {track + 1}\n{names.get(row, 'seen too briefly')}"
            _label(pen, (left, bottom + 4), words, _colour(track), picture.width)
        _label(pen, (8, 8), f"{seen.frames[number].t:.1f} s", _PAPER, picture.width)
        tiles.append(picture.resize((560, 315), Pillow.Resampling.LANCZOS))
    return _grid(tiles, columns=2)


def _telling(track: Ints, frame: Ints) -> list[int]:
    """Choose frames with the most tracks that no frame chosen before shows."""
    shown: set[int] = set()
    chosen: list[int] = []
    for _ in range(_FRAMES):
        numbers = [number for number in np.unique(frame).tolist() if number not in chosen]
        chosen.append(max(numbers, key=lambda number: len(set(track[frame == number].tolist()) - shown)))
        shown |= set(track[frame == chosen[-1]].tolist())
    return sorted(chosen)


def draw_track(seen: Seen) -> Pillow.Image:
    """Draw the faces of a long track in the order of time, those that were described framed."""
    track = seen.faces.seen.track
    lengths = np.bincount(track)
    rows = np.flatnonzero(track == np.where(lengths <= _LONGEST_STRIP, lengths, 0).argmax())
    picture, pen = _sheet(len(rows) * 80 + 8, 112)
    described = set(seen.faces.row.tolist())
    for place, row in enumerate(rows.tolist()):
        frame = seen.frames[int(seen.faces.seen.frame[row])]
        crop = Pillow.fromarray(align(frame.image, seen.faces.seen.landmarks[row], PORTRAIT)).resize((72, 72))
        left = 8 + 80 * place
        picture.paste(crop, (left, 8))
        if row in described:
            pen.rectangle((left - 4, 4, left + 75, 83), outline=_STRANGER, width=4)
        _write(pen, (left + 36, 98), f"{frame.t:.1f} s", anchor="mm", size=15)
    return picture


def draw_people(seen: Seen) -> Pillow.Image:
    """Draw a row for each person: the best face of each of their tracks, framed in the track's colour."""
    rows = [(seen.called(person), _best_of_tracks(seen.faces, person.faces)) for person in seen.people]
    most = max(len(best) for _, best in rows)
    picture, pen = _sheet(200 + most * 112, 8 + len(rows) * 132)
    for place, (name, best) in enumerate(rows):
        top = 8 + 132 * place
        _write(pen, (10, top + 48), name, anchor="lm")
        for number, row in enumerate(best):
            track, left = int(seen.faces.track[row]), 200 + 112 * number
            picture.paste(Pillow.fromarray(seen.faces.crops[row]), (left, top))
            pen.rectangle((left - 4, top - 4, left + 99, top + 99), outline=_colour(track), width=4)
            _write(pen, (left + 48, top + 112), f"track {track + 1}", anchor="mm", size=15)
    return picture


def _best_of_tracks(faces: Faces, group: Group) -> list[int]:
    rows = group.described
    tracks = np.unique(faces.track[rows]).tolist()
    return [max(rows[faces.track[rows] == track].tolist(), key=lambda row: faces.quality[row]) for track in tracks]


def draw_poor_copies(copies: Sequence[Image]) -> Pillow.Image:
    """Draw a face and its poor copies at one size, pixels as they are."""
    words = ["the photograph"]
    words += [f"{level.face_height:.0f} pixels high, blurred by {level.blur:g}" for level in LEVELS]
    tiles = []
    for image, caption in zip(copies, words, strict=True):
        tile, pen = _sheet(300, 332)
        tile.paste(Pillow.fromarray(image).resize((300, 300), Pillow.Resampling.NEAREST), (0, 0))
        _write(pen, (150, 316), caption, anchor="mm")
        tiles.append(tile)
    return _grid(tiles, columns=len(tiles))


def draw_evidence(seen: Seen) -> Pillow.Image:
    """Draw the evidence of the person named surest beside that of the stranger seen most."""
    known = next(person for person in seen.people if person.name is not None)
    stranger = next(person for person in seen.people if person.name is None)
    beside = [
        (person, nearest, values) for person in (known, stranger) for nearest, values in [_weighed(seen, person)]
    ]
    picture, pen = _sheet(760, 130 + 62 * len(_SHOWN))
    for (person, nearest, _), left, colour in zip(beside, (20, 390), (_KNOWN, _STRANGER), strict=True):
        best = person.faces.described[seen.faces.quality[person.faces.described].argmax()]
        picture.paste(Pillow.fromarray(seen.faces.crops[best]), (left, 10))
        _write(pen, (left + CROP_SIZE + 12, 40), seen.called(person), anchor="lm", colour=colour)
        _write(pen, (left + CROP_SIZE + 12, 68), f"asked: {nearest}?", anchor="lm", size=16)
    for place, name in enumerate(_SHOWN):
        top = 126 + 62 * place
        _write(pen, (20, top + 20), name, anchor="lm")
        for (_, _, values), y, colour in zip(beside, (top, top + 22), (_KNOWN, _STRANGER), strict=True):
            value = values[name]
            ends = sorted((_NOTHING, _NOTHING + _FULL * min(max(value, -0.2), 1.0)))
            pen.rectangle((ends[0], y, ends[1], y + 17), fill=colour)
            _write(pen, (_NOTHING + _FULL + 12, y + 9), f"{value:.2f}", anchor="lm", size=16)
    pen.line((_NOTHING, 120, _NOTHING, picture.height - 6), fill=_INK, width=2)
    return picture


def _weighed(seen: Seen, person: MatchedPerson) -> tuple[str, dict[str, float]]:
    """Return who is nearest to a group, and what speaks for it."""
    rows = person.faces.described
    probe = ProbeFaces(seen.faces.vectors[rows], seen.faces.quality[rows], seen.faces.track[rows])
    persons, evidence = seen.judge.evidence.weigh(probe, 1)
    return seen.gallery.persons[int(persons[0])].name, dict(zip(FEATURES, evidence[0].tolist(), strict=True))


def _names_of_rows(seen: Seen) -> dict[int, str]:
    return {row: seen.called(person) for person in seen.people for row in person.faces.seen.tolist()}


def _sheet(width: int, height: int) -> tuple[Pillow.Image, ImageDraw.ImageDraw]:
    picture = Pillow.new("RGB", (width, height), _PAPER)
    return picture, ImageDraw.Draw(picture)


def _grid(tiles: Sequence[Pillow.Image], columns: int) -> Pillow.Image:
    wide, high = tiles[0].width + 8, tiles[0].height + 8
    picture, _ = _sheet(columns * wide - 8, -(-len(tiles) // columns) * high - 8)
    for place, tile in enumerate(tiles):
        picture.paste(tile, (place % columns * wide, place // columns * high))
    return picture


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    words: str,
    anchor: str,
    size: int = 18,
    colour: Colour = _INK,
) -> None:
    pen.text(at, words, colour, anchor=anchor, font_size=size)


def _label(pen: ImageDraw.ImageDraw, at: tuple[float, float], words: str, colour: Colour, edge: int) -> None:
    """Write on black, further to the left where it would reach past the right edge."""
    over = max(0.0, pen.textbbox(at, words, font_size=18)[2] + 6 - edge)
    at = at[0] - over, at[1]
    left, top, right, bottom = pen.textbbox(at, words, font_size=18)
    pen.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=(0, 0, 0))
    pen.text(at, words, colour, font_size=18)


def _colour(track: int) -> Colour:
    return _COLOURS[track % len(_COLOURS)]


if __name__ == "__main__":
    main()
