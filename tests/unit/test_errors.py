import inspect
import re
import string
from collections.abc import Iterator

import pytest

from stash_sense import errors
from stash_sense.errors import InputMissing, SettingInvalid, StashSenseError


def all_errors(root: type[StashSenseError] = StashSenseError) -> Iterator[type[StashSenseError]]:
    yield root
    for below in root.__subclasses__():
        yield from all_errors(below)


EVERY = [error for error in all_errors() if error.__module__.startswith(errors.__name__)]
every_error = pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)


def sentence_of(error: type[StashSenseError]) -> str:
    return inspect.cleandoc(error.__doc__ or "")


def fields_of(error: type[StashSenseError]) -> dict[str, object]:
    """A value for every field of the sentence: a number where it is formatted as one."""
    parts = string.Formatter().parse(sentence_of(error))
    return {name: 1234567 if spec else f"<{name}>" for _, name, spec, _ in parts if name}


def drawing() -> str:
    return (errors.__doc__ or "").split("\n\n")[1]


@every_error
def test_every_error_says_one_paragraph_to_the_user(error: type[StashSenseError]) -> None:
    assert "__doc__" in vars(error)
    sentence = sentence_of(error)
    assert sentence
    assert "\n\n" not in sentence
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0] == "{"


@every_error
def test_every_sentence_can_be_filled_in(error: type[StashSenseError]) -> None:
    fields = fields_of(error)
    message = str(error(**fields))
    assert "\n" not in message
    assert "{" not in message
    for value in fields.values():
        assert str(value) in message.replace(",", "") if isinstance(value, int) else str(value) in message


@every_error
def test_every_error_has_a_code_of_its_own_that_is_its_name(error: type[StashSenseError]) -> None:
    assert "code" in vars(error)
    assert [other for other in EVERY if other.code == error.code] == [error]
    words = re.findall("[A-Z][a-z]+", error.__name__)
    assert error.code == "_".join(words).lower().removeprefix("stash_sense_")


@every_error
def test_every_error_is_drawn_once_in_the_tree(error: type[StashSenseError]) -> None:
    assert len(re.findall(rf"\b{error.__name__}\b", drawing())) == 1


def test_the_tree_draws_no_error_that_is_not_there() -> None:
    drawn = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", drawing()))
    assert drawn == {error.__name__ for error in EVERY}


def test_the_tree_draws_every_error_below_its_parent() -> None:
    parent = StashSenseError.__name__
    for line in drawing().splitlines()[1:]:
        names = re.findall(r"\b[A-Z][A-Za-z]+\b", line)
        if line.startswith(("├", "└")):
            assert getattr(errors, names[0]).__base__ is StashSenseError, line
            parent = names[0]
        else:
            for name in names:
                assert getattr(errors, name).__base__.__name__ == parent, line


def test_braces_in_a_field_are_left_as_they_are() -> None:
    assert str(InputMissing(path="{path} {0} %s.mp4")) == "{path} {0} %s.mp4 does not exist; check the spelling."


def test_an_error_of_two_paragraphs_says_the_first_only_on_one_line() -> None:
    class Example(StashSenseError):
        """One
        sentence of {what}.

        More for programmers.
        """

    assert str(Example(what="two lines")) == "One sentence of two lines."


def test_fields_stay_readable_for_programs() -> None:
    error = SettingInvalid(name="threads", value=0, reason="it must be at least 1")
    assert error.fields == {"name": "threads", "value": 0, "reason": "it must be at least 1"}
    assert str(error) == "threads cannot be 0: it must be at least 1."
