"""A seed and actors -> the script of a scene."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stash_sense.errors import TooFewPeople
from stash_sense.kernel.arrays import Ints
from stash_sense.scenes.acting import Direction
from stash_sense.scenes.people import Actors, Person
from stash_sense.scenes.script import Role, SceneOptions, SceneScript, Shot, ShotKind

_PEOPLE = (0.36, 0.36, 0.20, 0.08)
"""How often 1, 2, 3, 4 known people play in a scene: 2.0 on average."""
_STRANGERS = (0.45, 0.33, 0.17, 0.05)
"""How often 0 to 3 strangers do: 0.8 on average."""
_TURNS = (0.30, 0.40, 0.30)
"""How often somebody is in 1, 2, 3 shots."""
_TITLE, _CREDITS, _EMPTY, _FADE = 0.35, 0.35, 0.12, 0.25
"""How often a scene has a title and credits, a shot nobody in it, a cut is a cross-fade."""
_MOST_IN_SHOT = 3
_TRIES = 1000
"""After which a scene is as long as it comes out, where the options cannot be met."""
_KEYFRAMES = (50, 250)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A shot before anybody is in it: its length and fade in frames."""

    kind: ShotKind
    frames: int
    fade: int


def plan_scene(seed: int, actors: Actors, options: SceneOptions | None = None) -> SceneScript:
    """Plan a scene: the same seed, actors and options always give the same one.

    Everybody in it is in at least one shot; in different shots a person's photographs take turns.

    Raises:
        TooFewPeople: there is nobody known among the actors.
    """
    options = options or SceneOptions()
    random = np.random.default_rng(seed)
    people, strangers = _choose(actors, random)
    sizes = list(options.sizes)
    size = sizes[int(random.choice(len(sizes), p=_shares(list(options.sizes.values()))))]
    slots = _slots(options, random)
    shown = _assign([*people, *strangers], slots, random)
    return SceneScript(
        seed=seed,
        options=options,
        size=size,
        people=tuple(person.name for person in people),
        strangers=tuple(person.name for person in strangers),
        shots=_shots(slots, shown, Direction(options, size, random)),
        crf=int(random.integers(20, 35)),
        keyframes=int(random.choice(_KEYFRAMES)),
        noise=float(random.choice((0.0, 1.0, 2.0, 3.5), p=(0.25, 0.35, 0.25, 0.15))),
    )


def _choose(actors: Actors, random: np.random.Generator) -> tuple[list[Person], list[Person]]:
    if not actors.people:
        raise TooFewPeople(path="the folder", count=0, needed=1)
    people = _some(actors.people, 1 + int(random.choice(4, p=_PEOPLE)), random)
    return people, _some(actors.strangers, int(random.choice(4, p=_STRANGERS)), random)


def _some(persons: Sequence[Person], count: int, random: np.random.Generator) -> list[Person]:
    return [persons[place] for place in random.permutation(len(persons))[:count]]


def _shares(weights: Sequence[float]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def _slots(options: SceneOptions, random: np.random.Generator) -> list[_Slot]:
    """Choose lengths and cuts, again and again until the scene is as long as it should be."""
    count = int(random.integers(options.shots[0], options.shots[1] + 1))
    kinds: list[ShotKind] = ["place"] * count
    if random.random() < _TITLE:
        kinds[0] = "title"
    if random.random() < _CREDITS and count > 2:
        kinds[-1] = "credits"
    for _ in range(_TRIES):
        seconds = random.uniform(2.0, 7.0, count)
        fades = np.where(random.random(count) < _FADE, random.uniform(0.4, 1.0, count), 0.0)
        fades[0] = 0.0
        if options.seconds[0] <= seconds.sum() - fades.sum() <= options.seconds[1]:
            break
    return [
        _Slot(kind, round(float(length) * options.rate), round(float(fade) * options.rate))
        for kind, length, fade in zip(kinds, seconds, fades, strict=True)
    ]


def _assign(persons: Sequence[Person], slots: Sequence[_Slot], random: np.random.Generator) -> list[list[Person]]:
    """Say who is in each shot: everybody once where the fewest are, then some once or twice more."""
    shown: list[list[Person]] = [[] for _ in slots]
    places = [number for number, slot in enumerate(slots) if slot.kind == "place"]
    for person in persons:
        fewest = min(len(shown[number]) for number in places)
        shown[_pick([number for number in places if len(shown[number]) == fewest], random)].append(person)
    for person in persons:
        for _ in range(int(random.choice(3, p=_TURNS))):
            free = [n for n in places if len(shown[n]) < _MOST_IN_SHOT and person not in shown[n]]
            if free:
                # An empty shot is likelier to be taken, so that few stay empty.
                empty = [n for n in free if not shown[n]]
                shown[_pick(empty if empty and random.random() < 0.7 else free, random)].append(person)
    for number in places:
        if not shown[number] and random.random() > 2.0 * _EMPTY:
            shown[number].append(persons[int(random.integers(len(persons)))])
    return shown


def _pick(numbers: Sequence[int], random: np.random.Generator) -> int:
    return numbers[int(random.integers(len(numbers)))]


def _shots(slots: Sequence[_Slot], shown: Sequence[Sequence[Person]], direction: Direction) -> tuple[Shot, ...]:
    shots: list[Shot] = []
    turns: dict[str, int] = {}
    start = 0
    for slot, persons in zip(slots, shown, strict=True):
        shot = Shot(
            kind=slot.kind,
            start=start - slot.fade,
            frames=slot.frames,
            fade=slot.fade,
            light=float(np.clip(direction.random.normal(1.0, 0.18), 0.5, 1.35)),
            seed=int(direction.random.integers(2**31)),
        )
        shots.append(replace(shot, roles=_roles(persons, shot, turns, direction)))
        start = shot.start + shot.frames
    return tuple(shots)


def _roles(persons: Sequence[Person], shot: Shot, turns: dict[str, int], direction: Direction) -> tuple[Role, ...]:
    """Give everybody in a shot a place from left to right; the smaller ones stand behind.

    Args:
        turns: how many shots each person was in; the first of them nothing hides.
    """
    places: Ints = direction.random.permutation(len(persons))
    roles = []
    for person, place in zip(persons, places, strict=True):
        turn = turns.get(person.name, 0)
        turns[person.name] = turn + 1
        photo = person.photos[turn % len(person.photos)]
        roles.append(direction.role(person.name, photo, shot, (int(place), len(persons)), plain=turn == 0))
    return tuple(sorted(roles, key=lambda role: role.motion.height[0]))
