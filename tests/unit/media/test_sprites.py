import math
from itertools import chain

import numpy as np
import pytest

from stash_sense.errors import Cancelled
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.sprites import Sprite, SpriteFrames, sprites_of
from stash_sense.media.webvtt import Cue


def grid(count: int, width: int = 160, height: int = 90, step: float = 7.4) -> list[Cue]:
    """Cues as Stash writes them."""
    side = math.isqrt(count - 1) + 1
    boxes = [(place % side * width, place // side * height, width, height) for place in range(count)]
    return [Cue(place * step, (place + 1) * step, "a.jpg", box) for place, box in enumerate(boxes)]


def sheet_of(count: int, width: int = 160, height: int = 90) -> Image:
    """A sheet whose every sprite has its number as its colour."""
    side = math.isqrt(count - 1) + 1
    numbers = np.arange(side * side, dtype=np.uint8).reshape(side, side)
    return np.repeat(np.repeat(numbers, height, 0), width, 1)[:, :, None].repeat(3, 2)


def source(count: int, duration: float | None, width: int = 160, height: int = 90) -> SpriteFrames:
    sheet = sheet_of(count, width, height)
    sprites = sprites_of(grid(count, width, height), (sheet.shape[1], sheet.shape[0]), duration)
    return SpriteFrames(sheet, sprites, duration)


@pytest.mark.parametrize(("width", "height"), [(160, 90), (160, 284), (90, 160)])
@pytest.mark.parametrize("count", [1, 4, 81, 100, 196])
def test_the_times_of_a_square_grid_are_equal_parts_of_the_duration(count: int, width: int, height: int) -> None:
    frames = list(source(count, 600.0, width, height).frames(SamplingPlan(200, 0.0, 1.0), CancelToken()))
    assert {frame.image.shape for frame in frames} == {(height, width, 3)}
    for frame in frames:
        number = int(frame.image[0, 0, 0])
        assert (frame.image == number).all()
        assert frame.t == number * 600.0 / count
    assert len(frames) == min(count, len(frames))
    assert len({frame.t for frame in frames}) == len(frames)


def test_without_a_duration_the_cues_say_the_times() -> None:
    video = source(81, None)
    frames = list(video.frames(SamplingPlan(60), CancelToken()))
    assert video.info.duration == pytest.approx(81 * 7.4)
    assert all(frame.t == pytest.approx(int(frame.image[0, 0, 0]) * 7.4) for frame in frames)
    assert len(frames) == 60


def test_a_grid_that_is_not_filled_keeps_the_times_of_its_cues() -> None:
    sprites = sprites_of(grid(80), (1440, 810), 600.0)
    assert [sprite.t for sprite in sprites] == [cue.start for cue in grid(80)]


def test_the_passes_are_those_of_the_plan_and_give_no_sprite_twice() -> None:
    plan = SamplingPlan(60)
    passes = [list(frames) for frames in source(81, 600.0).passes(plan, CancelToken())]
    assert [len(frames) for frames in passes] == [20, 40]
    times = [frame.t for frame in chain.from_iterable(passes)]
    assert len(set(times)) == len(times)
    assert all(min(abs(t - moment) for t in times if t is not None) < 600 / 81 for moment in plan.targets(600.0))


def test_few_sprites_are_given_once_each_however_many_moments_are_planned() -> None:
    assert len(list(source(4, 600.0).frames(SamplingPlan(200), CancelToken()))) == 4


@pytest.mark.parametrize(
    "box",
    [(-1, 0, 160, 90), (0, -90, 160, 90), (1440, 0, 160, 90), (1283, 720, 160, 90), (0, 0, 0, 90), (0, 0, 160, -5)],
)
def test_a_sprite_that_is_not_on_the_sheet_is_left_out(box: tuple[int, int, int, int]) -> None:
    assert sprites_of([Cue(1.0, 2.0, "a.jpg", box)], (1440, 810), 600.0) == []


def test_a_sprite_that_hangs_over_by_a_pixel_is_cut() -> None:
    (sprite,) = sprites_of([Cue(1.0, 2.0, "a.jpg", (1280, 720, 160, 90))], (1439, 809), None)
    assert sprite == Sprite(1.0, (1280, 720, 159, 89))


def test_cues_that_overlap_or_repeat_give_each_place_and_each_moment_once_in_order() -> None:
    boxes = [(0, 0, 160, 90), (160, 0, 160, 90), (320, 0, 160, 90)]
    cues = [Cue(5.0, 6.0, "a.jpg", boxes[1]), Cue(0.0, 9.0, "a.jpg", boxes[0]), Cue(5.0, 5.0, "a.jpg", boxes[2])]
    assert sprites_of([*cues, *cues], (1440, 810), 600.0) == [Sprite(0.0, boxes[0]), Sprite(5.0, boxes[1])]


def test_a_sprite_is_a_copy_so_that_one_does_not_keep_the_sheet() -> None:
    for count in (1, 4):
        assert all(frame.image.base is None for frame in source(count, 600.0).frames(SamplingPlan(10), CancelToken()))


def test_cancelling_stops_at_the_next_sprite() -> None:
    cancel = CancelToken()
    frames = source(81, 600.0).frames(SamplingPlan(60), cancel)
    next(frames)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(frames)
