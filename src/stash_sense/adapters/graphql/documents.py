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
    """Read every document of a package's folder `documents`, by the name of its file."""
    found = {}
    for file in files(package).joinpath("documents").iterdir():
        if file.name.endswith(_SUFFIX):
            name = file.name.removesuffix(_SUFFIX)
            found[name] = Document(name, file.read_text(encoding="utf-8"))
    return found


def _fields(mark: re.Match[str]) -> list[str]:
    return [field.strip() for field in mark["fields"].split(",")]
