import itertools
import json
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from tests.queue_files import PATIENCE
from typer.testing import CliRunner

from stash_sense.cli.app import app
from stash_sense.errors import InputUnreadable
from stash_sense.fakes.graphql.serving import listening

STASH = [str(Path(sys.executable).with_name("stash-sense")), "simulate", "stash"]


@contextmanager
def simulated(*options: str) -> Iterator[str]:
    command = [str(Path(sys.executable).with_name("stash-sense")), "simulate", "stash", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), process.communicate(timeout=PATIENCE)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0


def test_a_library_is_served_until_it_is_interrupted(tmp_path: Path) -> None:
    library = tmp_path / "library.json"
    library.write_text(json.dumps({"scenes": [{"id": "1", "title": "One", "files": []}]}))
    with simulated("--library", str(library), "--api-key", "a-key", "--profile", "0.31", "--fault", "html:1") as url:
        query = {"query": "{version{version} findScenes{scenes{title custom_fields}}}"}
        with httpx2.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
            assert client.get("/healthz").text == "."
            assert client.post("/graphql", json=query).headers["content-type"].startswith("text/html")
            assert client.post("/graphql", json=query).status_code == 401
            told = client.post("/graphql", json=query, headers={"ApiKey": "a-key"}).json()["data"]
    assert told == {
        "version": {"version": "v0.31.1"},
        "findScenes": {"scenes": [{"title": "One", "custom_fields": {}}]},
    }


def test_an_answer_that_never_comes_ends_with_the_command_without_a_word() -> None:
    command = [str(Path(sys.executable).with_name("stash-sense")), "simulate", "stash", "--port", "0"]
    with subprocess.Popen(
        [*command, "--fault", "silent"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = httpx2.URL(process.stdout.readline().strip())
        with socket.create_connection((url.host, url.port or 0)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with httpx2.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
                assert client.get("/healthz").status_code == 200  # by now the other one waits
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize("fault", ["reset", "torn", "trickling"])
def test_an_answer_that_a_fault_breaks_off_leaves_no_word_in_the_shell(fault: str) -> None:
    command = [*STASH, "--port", "0", "--fault", f"{fault}:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = httpx2.URL(process.stdout.readline().strip())
        with socket.create_connection((url.host, url.port or 0)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with suppress(ConnectionResetError):
                connection.recv(1)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0


def test_files_of_a_folder_that_are_left_out_are_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "torn.mp4").write_bytes(b"no video")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "away.mkv").symlink_to(tmp_path / "nowhere.mkv")
    (tmp_path / "notes.txt").write_text("to remember")
    (tmp_path / "a\x1b[31m.NFO").write_text("to remember")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    command = [*STASH, "--port", "0", "--media", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ask(httpx2.URL(process.stdout.readline().strip()), "/healthz")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)
    assert told.splitlines() == [
        "Left out: away.mkv; it is a link that leads nowhere.",
        "Left out: empty.jpg; it is no picture that can be opened.",
        "Left out: films/torn.mp4; it is no video that can be opened.",
        "Left out: 2 files that are neither video nor picture (.nfo, .txt).",
    ]


def test_of_many_files_that_are_left_out_only_some_are_named(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.mp4").touch()
        (tmp_path / f"{number:02}.n{number:02}").touch()
    command = [*STASH, "--port", "0", "--media", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ask(httpx2.URL(process.stdout.readline().strip()), "/healthz")
        process.send_signal(signal.SIGINT)
        *_, last, more, others = process.communicate(timeout=PATIENCE)[1].splitlines()
    assert last.startswith("Left out: 19.mp4;")
    assert more == "Left out: 10 more files that cannot be read."
    assert others == "Left out: 30 files that are neither video nor picture (.n00, .n01, .n02, .n03, .n04, …)."


def test_a_foreign_film_in_the_place_of_the_sample_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "A film of portraits.mp4").write_bytes(b"no video")
    ended = CliRunner().invoke(app, ["simulate", "media", str(tmp_path)])
    assert isinstance(ended.exception, InputUnreadable)
    assert "made anew once you have removed it" in str(ended.exception)


@pytest.mark.parametrize("options", [(), ("--fault", "reset"), ("--fault", "torn")], ids=str)
@pytest.mark.parametrize("which", ["stash", "stashbox"])
def test_a_client_that_leaves_before_all_is_said_leaves_no_word_in_the_shell(
    which: str, options: tuple[str, ...]
) -> None:
    command = [*STASH[:-1], which, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = httpx2.URL(process.stdout.readline().strip())
        for path, abruptly in itertools.product(("/graphql", "/login"), (False, True)):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
            with socket.create_connection((url.host, url.port or 0)) as connection:
                connection.sendall(f"{head}\r\n{{".encode())
                ask(url, "/healthz")  # by now it is being read
                if abruptly:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            ask(url, "/healthz")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0


def ask(url: httpx2.URL, path: str) -> None:
    with httpx2.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
        assert client.get(path).status_code in (200, 404)


# Runs the command, and sends it ctrl-C when it first comes to a function.
INTERRUPTED_AT = """
import os, signal, sys
from stash_sense.cli import main

module, name = sys.argv.pop(1), sys.argv.pop(1)

def watch(frame, event, _):
    code = frame.f_code
    if code.co_name == name and frame.f_globals.get("__name__") == module:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)

sys.setprofile(watch)
main.main()
"""


@pytest.mark.parametrize(
    "moment",
    [
        ("stash_sense.cli.main", "_run"),
        ("stash_sense.cli.app", "<module>"),
        ("stash_sense.fakes.stash.media_folder", "find"),
        ("stash_sense.fakes.graphql.serving", "listening"),
        ("stash_sense.fakes.graphql.serving", "serve_until_interrupted"),
    ],
    ids=lambda moment: moment[1],
)
def test_a_start_that_is_interrupted_ends_as_an_interrupted_command(moment: tuple[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT, *moment, "simulate", "stash", "--port", "0"]
    ended = subprocess.run(
        [*command, "--media", str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.startswith("stash-sense: Stopped before it was finished")
    assert "Traceback" not in ended.stderr


def refused(*options: str) -> str:
    ended = CliRunner().invoke(app, ["simulate", "stash", *options])
    assert ended.exit_code == 2, ended.output
    return " ".join(ended.output.replace("│", " ").split())


def test_wrong_options_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no json")
    (tmp_path / "list").write_text("[]")
    (tmp_path / "foreign").write_text('{"films": []}')
    (tmp_path / "torn").write_text('{"scenes": [{"id": 1, "performers": [7]}]}')
    assert "is not JSON" in refused("--library", str(tmp_path / "text"))
    assert "cannot be read" in refused("--library", str(tmp_path / "absent"))
    assert "object of lists" in refused("--library", str(tmp_path / "list"))
    assert "no films" in refused("--library", str(tmp_path / "foreign"))
    (tmp_path / "twice").write_text('{"tags": [{"id": 1, "name": "a"}, {"id": "1", "name": "b"}]}')
    assert "two of tags have the id 1" in refused("--library", str(tmp_path / "twice"))
    assert "refers to performers 7" in refused("--library", str(tmp_path / "torn"))
    assert "is not a folder" in refused("--media", str(tmp_path / "text"))
    assert "leave out" in refused("--media", str(tmp_path), "--library", str(tmp_path / "text"))
    assert "no fault 'fire'" in refused("--fault", "fire")


def test_a_port_that_is_taken_is_refused() -> None:
    with listening(0) as taken:
        assert "choose another" in refused("--port", str(taken.getsockname()[1]))
