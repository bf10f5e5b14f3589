"""What requests bring along has so much room together."""

import pytest

from stash_sense.api.turns import Room
from stash_sense.errors import TooManyWaiting


def test_room_that_was_given_back_can_be_taken_again() -> None:
    room = Room(100)
    with room.take(60), room.take(40), pytest.raises(TooManyWaiting), room.take(1):
        pass
    with room.take(100):
        pass


def test_one_that_is_larger_than_the_room_gets_it_alone() -> None:
    room = Room(100)
    with room.take(500), pytest.raises(TooManyWaiting), room.take(1):
        pass
    with room.take(1), pytest.raises(TooManyWaiting), room.take(500):
        pass
