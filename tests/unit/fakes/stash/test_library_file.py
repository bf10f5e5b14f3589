from typing import Any

import pytest

from stash_sense.fakes.stash.library_file import fill
from stash_sense.fakes.stash.state import State


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "an object of lists"),
        ({"films": []}, "has no films"),
        ({"scenes": 5}, "scenes are a list, not 5"),
        ({"scenes": {"id": 1}}, "scenes are a list"),
        ({"scenes": [5]}, "scenes are objects, not 5"),
        ({"scenes": [{"colour": "red"}]}, "scenes have no colour"),
        ({"scenes": [{"title": 5}]}, "title of scenes cannot be 5"),
        ({"scenes": [{"performers": "12"}]}, "performers are a list"),
        ({"scenes": [{"files": [5]}]}, "objects with a path, not 5"),
        ({"scenes": [{"files": [{"size": 5}]}]}, "objects with a path"),
        ({"scenes": [{"files": [{"path": "a", "size": "9"}]}]}, "size of files cannot be '9'"),
        ({"scenes": [{"files": [{"path": "a", "colour": 1}]}]}, "files have no colour"),
        ({"scenes": [{"files": [{"path": "a", "fingerprints": ["x"]}]}]}, "objects with type and value, not 'x'"),
        ({"performers": [{"stash_ids": [{"endpoint": "e"}]}]}, "objects with endpoint and stash_id"),
        ({"galleries": [{"folder": 5}]}, "objects with a path, not 5"),
        ({"performers": [{"id": "x"}]}, "an id is a number, not 'x'"),
        ({"performers": [{"id": -1}]}, "an id is a number, not -1"),
        ({"tags": [{"id": 1, "name": "a"}, {"id": "1", "name": "b"}]}, "two of tags have the id 1"),
        ({"scenes": [{"studio": {"id": "4"}}]}, "refers to studio 4"),
        ({"configuration": 5}, "configuration is an object, not 5"),
    ],
)
def test_what_is_no_library_is_refused_in_a_sentence_and_nothing_of_it_stays(document: Any, reason: str) -> None:
    state = State()
    with pytest.raises(ValueError, match=reason):
        fill(state, document)
    assert not any(state.tables.values())


def test_null_is_the_same_as_left_out() -> None:
    state = State()
    fill(state, {"performers": [{"name": "Ada", "disambiguation": None, "gender": None, "alias_list": None}]})
    ada = state.tables["performers"][1]
    assert (ada["disambiguation"], ada["gender"], ada["aliases"]) == ("", None, [])
