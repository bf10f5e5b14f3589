"""Results to present: a video, a picture, a failure, an empty one, and one with any text in all its places."""

from collections.abc import Callable

import numpy as np
import pytest

from stash_sense.errors import VideoDamaged
from stash_sense.identification.reasons import Because, Reference, RunnerUp
from stash_sense.identification.result import (
    NO_CROPS,
    Alternative,
    Failure,
    Identification,
    NamedPerson,
    SeenPerson,
    Sighting,
)
from stash_sense.kernel.arrays import Image
from stash_sense.performers.records import ReferencePicture
from stash_sense.recognition.evidence import Nearer

HOSTILE = {
    "markup": "<script>alert('x')</script>",
    "quotes": "\"'><img src=https://example.org/x onerror=alert(1)>",
    "end of style": "</style></title>&amp;<!--",
    "rich markup": "[bold red]x[/] :smile:",
    "unbalanced rich markup": "[/not open]\\[",
    "right to left": "مريم \u202emoc.elpmaxe",
    "emoji": "👩‍🚀 Ünï🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "line breaks": "one\ntwo\r\u2028three",
    "escape sequence": "\x1b]0;title\x07\x1b[31mred\x9b2J\x00\x7f",
    "not UTF-8": "caf\udce9 \ud800",
    "long": "endless" * 60,
    "empty": "",
}


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def seen_at(*times: float | None) -> tuple[Sighting, ...]:
    return tuple(Sighting(t, (10.04, 20.06, 90.0, 120.5)) for t in times)


def reference(distance: float, **picture: str) -> Reference:
    return Reference(distance, ReferencePicture(**{"source": "folder", **picture}))


def gradients(number: int) -> Image:
    ramp = np.linspace(0, 255, 96).astype(np.uint8)
    return np.broadcast_to(ramp[:, None, None], (number, 96, 96, 3)).copy()


@pytest.fixture(scope="session")
def video() -> Identification:
    rival = Alternative("grace", "Grace Hopper", 0.04321, 0.61239)
    sightings = seen_at(4.5, 59.9996, 3725.0)
    ada = NamedPerson(
        sightings,
        gradients(8),
        (rival,),
        "ada",
        "Ada Lovelace",
        0.93124,
        0.28417,
        references=(
            reference(0.28417, path="people/Ada Lovelace/1.jpg", sha256="ab" * 32),
            reference(0.31, source="stashdb.org", url="https://stashdb.org/images/x.jpg"),
        ),
        votes=0.91666,
        pictured=sightings[:2],
        runner_up=RunnerUp(
            (reference(0.61239),), Because.LESS_LIKELY, False, 0.08334, nearer=Nearer(11, 12, 3, 3), needed=0.5
        ),
    )
    alan = NamedPerson(seen_at(12.0), gradients(1), (), "alan", "Alan Turing", 0.61, 0.45, tagged=True)
    unsure = RunnerUp((), Because.UNSURE, True, 0.4, None, 0.5)
    stranger = SeenPerson(seen_at(7.0, 8.0), gradients(2), (rival,), runner_up=unsure)
    return Identification(
        "holiday/clip.mp4",
        "pack-a",
        "balanced",
        duration=3800.0,
        width=1920,
        height=1080,
        frames_analyzed=1520,
        faces_detected=96,
        persons=(ada, alan),
        unknown=(stranger,),
        timing_ms={"decode": 3000.0, "total": 4210.26},
    )


@pytest.fixture(scope="session")
def picture() -> Identification:
    ada = NamedPerson(seen_at(None), gradients(1), (), "ada", "Ada Lovelace", 0.9991, 0.21)
    return Identification("crew.jpg", "pack-a", "balanced", None, 3000, 2000, 1, 2, (ada,), (), None, {"total": 80.0})


@pytest.fixture(scope="session")
def failed() -> Identification:
    failure = Failure.of(VideoDamaged(path="broken.mkv", reason="no header"))
    return Identification("broken.mkv", "pack-a", "balanced", failure=failure)


@pytest.fixture(scope="session")
def empty() -> Identification:
    return Identification("wall.mp4", "pack-a", "balanced", 20.0, 640, 360, 20, 0, timing_ms={"total": 900.0})


@pytest.fixture(scope="session")
def filled_with() -> Callable[[str], list[Identification]]:
    """Results that have the given text in every place that a text from outside can get to."""

    def fill(text: str) -> list[Identification]:
        rival = Alternative(text, text, 0.2, 0.6)
        where = Reference(0.3, ReferencePicture(text, text, text, text))
        linked = Reference(0.3, ReferencePicture(text, f"https://{text}", None, None))
        lost = RunnerUp((where,), Because.LESS_LIKELY, True, 0.1, Nearer(1, 2, 1, 1), 0.5)
        person = NamedPerson(
            seen_at(1.0, 2.0),
            gradients(1),
            (rival,),
            text,
            text,
            0.8,
            0.3,
            references=(where, linked),
            runner_up=lost,
        )
        stranger = SeenPerson(
            seen_at(3.0), NO_CROPS, (rival,), runner_up=RunnerUp((), Because.NOT_TWICE, False, 0.1, None, 0.5)
        )
        return [
            Identification(
                text, text, text, 10.0, 8, 8, 3, 3, (person,), (stranger,), None, {text: 1.0, "total": 2.0}
            ),
            Identification(text, "other", text, failure=Failure(text, text)),
        ]

    return fill
