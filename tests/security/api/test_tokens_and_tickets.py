"""The token file is its owner's alone and can be changed at any time; tickets and links open little, and briefly."""

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running_service import running, settings_in

from stash_sense.api.links import is_signed, signed_link
from stash_sense.api.tickets import TICKET_SECONDS, Tickets
from stash_sense.api.token import TokenFile, TokenKeeper, is_same
from stash_sense.bootstrap import build
from stash_sense.errors import NotWritable, TokenUnusable


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile.below(tmp_path / "data")


def test_a_new_token_is_long_and_its_file_is_its_owners_alone(file: TokenFile) -> None:
    before = os.umask(0)
    try:
        ensured = file.ensure()
    finally:
        os.umask(before)
    assert ensured.is_new
    assert len(ensured.token) >= 43
    assert mode_of(file.path) == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["token"]


def test_the_token_stays_until_it_is_rotated(file: TokenFile) -> None:
    first = file.ensure().token
    assert file.ensure() == type(file.ensure())(first, is_new=False)
    second = file.rotate()
    assert second != first
    assert file.read() == second
    assert mode_of(file.path) == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["token"]


def test_a_file_that_others_may_read_is_closed_to_them(file: TokenFile) -> None:
    file.ensure()
    file.path.chmod(0o644)
    file.ensure()
    assert mode_of(file.path) == 0o600


def test_processes_that_start_at_once_agree_on_one_token(file: TokenFile) -> None:
    tokens: list[str] = []
    line = threading.Barrier(8)

    def start() -> None:
        line.wait()
        tokens.append(TokenFile(file.path).ensure().token)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(tokens) == {file.read()}


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"short", b"two words of some length that are", b"\xff" * 40, b"x" * 300]
)
def test_a_file_with_something_else_in_it_is_no_token(file: TokenFile, content: bytes) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    with pytest.raises(TokenUnusable, match="--rotate") as told:
        file.ensure()
    assert content.decode("latin-1").strip() == "" or content.decode("latin-1") not in str(told.value)
    assert TokenKeeper(file).current() is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(NotWritable):
        TokenFile.below(tmp_path / "data").ensure()


@given(st.text(), st.text())
def test_words_are_the_same_only_if_they_are(one: str, other: str) -> None:
    assert is_same(one, other) is (one == other)


def test_a_running_service_takes_a_new_token_on_at_once(tmp_path: Path) -> None:
    with running(build(settings_in(tmp_path))) as service:
        old = service.token
        for _ in range(5):
            new = TokenFile.below(service.data_dir).rotate()
            with service.stranger() as client:
                for token, status in ((old, 401), (new, 200), (old, 401)):
                    headers = {"authorization": f"Bearer {token}"}
                    assert client.get("/identify/queue", headers=headers).status_code == status
            old = new


def test_a_ticket_opens_once_and_soon() -> None:
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    ticket = tickets.issue()
    assert tickets.redeem(ticket)
    assert not tickets.redeem(ticket)
    late = tickets.issue()
    now[0] += TICKET_SECONDS
    assert not tickets.redeem(late)
    assert not tickets.redeem("")


def test_tickets_that_nobody_uses_do_not_pile_up() -> None:
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    first = tickets.issue()
    many = [tickets.issue() for _ in range(1_000)]
    assert len(set(many)) == 1_000
    assert not tickets.redeem(first)
    assert tickets.redeem(many[-1])
    now[0] += TICKET_SECONDS
    tickets.issue()
    assert len(tickets._open) == 1


def test_a_ticket_opens_event_sockets_alone(tmp_path: Path) -> None:
    with running(build(settings_in(tmp_path))) as service:
        with service.client() as client:
            tickets = [client.post("/tickets").json() for _ in range(3)]
        assert {ticket["expires_in"] for ticket in tickets} == {TICKET_SECONDS}
        words = [ticket["ticket"] for ticket in tickets]
        with service.stranger() as client:
            assert (
                client.get("/identify/queue", params={"ticket": words[0]}).json()["error"]["code"] == "ticket_wrong"
            )
            assert client.post("/tickets", params={"ticket": words[0]}).status_code == 401
            # Past the door, whatever is there; but only once.
            assert client.get("/events/nothing", params={"ticket": words[0]}).status_code == 404
            assert client.get("/events/nothing", params={"ticket": words[0]}).status_code == 401
            assert client.get("/events-not", params={"ticket": words[1]}).status_code == 401


@given(st.text(min_size=1), st.integers(1, 10_000), st.integers(-20_000, 20_000))
def test_a_link_is_good_for_its_path_and_time(path: str, seconds: int, passed: int) -> None:
    token, now = "a" * 43, 1_800_000_000.0
    query = signed_link("/x", token, now, seconds).partition("?")[2]
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    assert is_signed("/x", expires, signature, token, now + passed) is (passed < seconds)
    assert is_signed(path, expires, signature, token, now) is (path == "/x")
    assert not is_signed("/x", expires, signature, "b" * 43, now)
    assert not is_signed("/x", str(int(expires) + 1), signature, token, now)
    assert not is_signed("/x", expires, "\xe4", token, now)
