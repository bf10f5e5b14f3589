"""docs/troubleshooting.md has the sentence of every state in which Stash can be found."""

import inspect
import re
from pathlib import Path

import pytest

from stash_sense import errors
from stash_sense.errors import StashError

ROWS = [
    row.split("|")[1].strip()
    for row in (Path(__file__).parents[3] / "docs/troubleshooting.md").read_text().splitlines()
    if row.startswith("| ")
]
STATES = (
    errors.StashNotSet,
    errors.StashAddressInvalid,
    errors.StashUnreachable,
    errors.StashCertificateUntrusted,
    errors.StashTimedOut,
    errors.StashConnectionLost,
    errors.StashKeyMissing,
    errors.StashKeyWrong,
    errors.StashLoginPage,
    errors.StashRedirected,
    errors.StashMisplaced,
    errors.StashSetupNeeded,
    errors.StashMigrationNeeded,
    errors.StashExposed,
    errors.StashTooOld,
    errors.StashBroken,
    errors.StashAnswerTooLarge,
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_the_page_has_the_sentence_of_each_state(state: type[StashError]) -> None:
    sentence = " ".join(inspect.cleandoc(state.__doc__ or "").split())
    pattern = "".join(
        ".+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", sentence)
    )
    assert [row for row in ROWS if re.fullmatch(pattern, row)]
