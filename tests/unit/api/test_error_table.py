"""Every error of ours has one status."""

import pytest
from tests.unit.test_errors import EVERY, fields_of

from stash_sense import errors
from stash_sense.api.errors import STATUSES, answer_to, status_of, status_of_code
from stash_sense.errors import StashSenseError

BRANCHES = StashSenseError.__subclasses__()


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_every_error_has_a_status_and_a_body(error: type[StashSenseError]) -> None:
    status = status_of(error)
    assert 400 <= status < 600
    assert status_of_code(error.code) == status
    answer = answer_to(error(**fields_of(error)))
    assert answer.status_code == status


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda error: error.__name__)
def test_every_branch_of_the_tree_is_in_the_table(branch: type[StashSenseError]) -> None:
    if branch.__module__.startswith(errors.__name__):
        assert branch in STATUSES


def test_no_entry_of_the_table_says_what_its_branch_says_already() -> None:
    for error, status in STATUSES.items():
        if error is not StashSenseError:
            assert status != status_of(error.__base__) or error in BRANCHES, error  # type: ignore[arg-type]


def test_a_code_that_nobody_has_is_a_fault_of_ours() -> None:
    assert status_of_code("unheard_of") == 500


def test_what_is_wrong_with_a_field_is_told_by_its_name() -> None:
    import json

    answer = answer_to(errors.SettingInvalid(name="threads", value=0, reason="it must be at least 1"))
    assert json.loads(bytes(answer.body))["error"]["fields"] == {"threads": "it must be at least 1"}
