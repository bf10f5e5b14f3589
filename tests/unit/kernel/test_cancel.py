import threading

import pytest

from stash_sense.errors import Cancelled
from stash_sense.kernel.cancel import CancelToken


def test_a_new_token_lets_work_go_on() -> None:
    token = CancelToken()
    token.raise_if_cancelled()
    assert not token.is_cancelled


def test_a_set_token_stops_work_every_time_it_is_looked_at() -> None:
    token = CancelToken()
    token.cancel()
    token.cancel()
    assert token.is_cancelled
    for _ in range(2):
        with pytest.raises(Cancelled, match="Stopped before it was finished"):
            token.raise_if_cancelled()


def test_a_token_set_in_another_thread_is_seen() -> None:
    token = CancelToken()
    thread = threading.Thread(target=token.cancel)
    thread.start()
    thread.join()
    assert token.is_cancelled


def test_tokens_are_set_one_by_one() -> None:
    first, second = CancelToken(), CancelToken()
    first.cancel()
    assert not second.is_cancelled
