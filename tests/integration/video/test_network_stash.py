"""Streams, pictures and sprites of a simulated Stash."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.video.network import frames_at, opener

from stash_sense.errors import InputLocked, NotOnServer, StashSenseError
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.address import Address
from stash_sense.media.plan import SamplingPlan

LIBRARY = json.loads((Path(__file__).parents[2] / "data" / "stash_exchanges.json").read_text("utf-8"))["library"]
KEY = "a-key"


@pytest.fixture(scope="module")
def stash() -> Iterator[SimulatedStash]:
    with simulated_stash(library=LIBRARY, api_key=KEY) as running:
        yield running


def place(stash: SimulatedStash, path: str, key: str = KEY) -> Address:
    return Address(f"{stash.url}{path}", {"ApiKey": key} if key else {}, stash.url)


def test_the_stream_of_a_scene_gives_frames(stash: SimulatedStash) -> None:
    frames = frames_at(place(stash, "/scene/1/stream"))
    assert frames
    assert all(frame.t is not None and frame.image.shape == (180, 320, 3) for frame in frames)


def test_the_cover_of_a_scene_is_a_picture(stash: SimulatedStash) -> None:
    (frame,) = frames_at(place(stash, "/scene/1/screenshot"))
    assert frame.t is None


@pytest.mark.parametrize(
    ("cues", "sheet"), [("/scene/00000000000000a1_thumbs.vtt", None), ("/scene/1/vtt/thumbs", "/scene/1/vtt/sprite")]
)
def test_the_sprites_of_a_scene_give_frames(stash: SimulatedStash, cues: str, sheet: str | None) -> None:
    named = place(stash, sheet) if sheet else None
    video = opener().sprites(place(stash, cues), 20.0, CancelToken(), named)
    frames = list(video.frames(SamplingPlan(200, 0.0, 1.0), CancelToken()))
    assert len(frames) == 81
    assert {frame.t for frame in frames} == {number * 20.0 / 81 for number in range(81)}


@pytest.mark.parametrize("key", ["", "wrong"])
@pytest.mark.parametrize("path", ["/scene/1/stream", "/scene/1/screenshot", "/scene/1/vtt/thumbs"])
def test_without_the_key_it_is_said_that_one_is_missing(stash: SimulatedStash, path: str, key: str) -> None:
    with pytest.raises(StashSenseError) as caught:
        frames_at(place(stash, path, key))
    assert isinstance(caught.value, InputLocked)
    assert stash.url in str(caught.value)


def test_a_scene_that_is_not_there_is_missing(stash: SimulatedStash) -> None:
    with pytest.raises(NotOnServer):
        frames_at(place(stash, "/scene/99999/stream"))
