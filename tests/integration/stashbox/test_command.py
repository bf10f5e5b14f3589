"""`stash-sense simulate stashbox`, as a user starts it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.stashbox_boxes import Asked
from typer.testing import CliRunner

from stash_sense.cli.simulate import app
from stash_sense.errors import StashBoxBusy, StashBoxKeyWrong
from stash_sense.stashbox.kinds import PERFORMERS

COMMAND = [str(Path(sys.executable).parent / "stash-sense"), "simulate", "stashbox"]


@contextmanager
def started(*options: str) -> Iterator[str]:
    process = subprocess.Popen([*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        yield url
    finally:
        process.terminate()
        process.communicate()


def test_it_serves_a_file_with_a_key_and_a_rate(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"performers": [{"name": "Somebody"}]}))
    with started("--data", str(data), "--api-key", "a.b.c", "--most-per-minute", "2", "--fault", "broken:1") as url:
        assert httpx2.get(url, trust_env=False).status_code == 200
        endpoint = f"{url}/graphql"
        found = Asked(endpoint, "a.b.c").run(lambda box: box.search(PERFORMERS, "somebody", 1))
        assert [one.name for one in found] == ["Somebody"]
        with pytest.raises(StashBoxBusy):
            Asked(endpoint, "a.b.c").run(lambda box: box.account())
    with started("--api-key", "a.b.c") as url, pytest.raises(StashBoxKeyWrong):
        Asked(f"{url}/graphql", "nonsense").run(lambda box: box.account())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "nonsense"], "no fault 'nonsense'"),
        (["--data", "/nowhere.json"], "cannot be read"),
        (["--profile", "9.9"], "9.9"),
        (["--most-per-minute", "0"], "most-per-minute"),
    ],
)
def test_what_cannot_be_served_is_told(options: list[str], words: str) -> None:
    done = CliRunner().invoke(app, ["stashbox", *options])
    assert done.exit_code == 2
    assert words in done.output
