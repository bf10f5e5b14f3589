"""The documents of this client, and one question for many ids in one document."""

import re
from collections.abc import Mapping
from functools import cache

from stash_sense.adapters.graphql.documents import Document, documents_of

_ASKED_BY_ID = re.compile(r"^query (?P<name>\w+)\(\$id: ID!\) \{\n(?P<body>.*?)\n\}\n", re.DOTALL)


@cache
def documents() -> Mapping[str, Document]:
    """Read every operation of this client, once, by the name of its file."""
    return documents_of("stash_sense.adapters.stashbox")


@cache
def for_ids(name: str, count: int) -> Document:
    """Ask the question of one id for many in one document, under the aliases found0, found1, …

    Args:
        name: of a document that takes an id.
        count: of ids; its variables are id0, id1, …
    """
    document = documents()[name]
    asked = _ASKED_BY_ID.match(document.text)
    if asked is None:
        raise ValueError(f"{name} does not ask by an id")
    lines = [
        asked["body"].replace("found:", f"found{number}:").replace("$id", f"$id{number}") for number in range(count)
    ]
    variables = ", ".join(f"$id{number}: ID!" for number in range(count))
    text = f"query {asked['name']}s({variables}) {{\n" + "\n".join(lines) + "\n}\n"
    return Document(f"{name} for {count}", text + document.text[asked.end() :])
