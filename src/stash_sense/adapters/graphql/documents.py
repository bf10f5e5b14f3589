"""GraphQL documents, one in each file, with the lines left out that a server has no fields for.

A line that ends in `# needs Type.field` (or `Type.field, Type.field` for all of them) is sent only to servers that
have it; nothing else in a document depends on the server.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

_SUFFIX = ".graphql"
_KIND = re.compile(r"^\s*(query|mutation|subscription)\b", re.MULTILINE)
_FRAGMENT = re.compile(r"fragment (?P<name>\w+) ")
_SPREAD = re.compile(r"\.\.\.\s*(?P<name>[A-Z]\w*Fields)\b")
_NEEDS = re.compile(r"\s*#\s*needs\s+(?P<fields>[\w.]+(?:\s*,\s*[\w.]+)*)\s*$")

Has = Callable[[str], bool]
"""Whether a server has a field, written `Type.field`."""


@dataclass(frozen=True)
class Document:
    """One operation.

    Attributes:
        name: for errors and measurements.
        text: as it is sent where nothing in it has to be left out.
    """

    name: str
    text: str

    @cached_property
    def is_write(self) -> bool:
        """Whether it changes something, so that it must not be sent twice."""
        found = _KIND.search(self.text)
        return found is not None and found[1] == "mutation"

    @cached_property
    def needs(self) -> frozenset[str]:
        """The fields, `Type.field`, on which lines of it depend."""
        marks = (_NEEDS.search(line) for line in self.text.splitlines())
        return frozenset(field for mark in marks if mark for field in _fields(mark))

    def for_server(self, has: Has) -> "Document":
        """Leave out the lines that the server has no fields for."""
        if not self.needs:
            return self
        lines = []
        for line in self.text.splitlines():
            mark = _NEEDS.search(line)
            if mark is None:
                lines.append(line)
            elif all(has(field) for field in _fields(mark)):
                lines.append(line[: mark.start()])
        return Document(self.name, "\n".join(lines) + "\n")


def documents_of(package: str) -> Mapping[str, Document]:
    """Read every operation of a package's folder `documents`, by the name of its file, with the fragments it spreads.

    A fragment of several operations is alone in its file; one may also stand with the only operation that spreads it.
    """
    folder = files(package).joinpath("documents")
    texts = {
        file.name.removesuffix(_SUFFIX): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(_SUFFIX)
    }
    fragments = {found["name"]: text for text in texts.values() if (found := _FRAGMENT.match(text))}
    operations = {name: text for name, text in texts.items() if not _FRAGMENT.match(text)}
    return {name: Document(name, _with_fragments(text, fragments)) for name, text in operations.items()}


def _with_fragments(text: str, fragments: Mapping[str, str]) -> str:
    used = dict.fromkeys(match["name"] for match in _SPREAD.finditer(text))
    return text + "".join(f"\n{fragments[name]}" for name in used if name in fragments)


def _fields(mark: re.Match[str]) -> list[str]:
    return [field.strip() for field in mark["fields"].split(",")]
