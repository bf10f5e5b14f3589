"""The program writes where it says and nowhere else, and keeps nothing to be sent."""

import subprocess
from pathlib import Path

from tests.e2e.conftest import COMMAND, PATIENCE

from stash_sense.samples import PEOPLE, STRANGER


def test_identifying_leaves_nothing_in_the_home_or_temporary_folder(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # onnxruntime would keep an identifier of the machine and a queue of events to send there.
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()

    subprocess.run(
        [COMMAND, "identify", STRANGER, "--gallery", PEOPLE],
        env={**environment, "HOME": str(home), "TMPDIR": str(temporary)},
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )

    assert [*home.rglob("*"), *temporary.rglob("*")] == []
