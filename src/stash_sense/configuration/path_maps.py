"""The type of the setting that says which folder of Stash is which folder here."""

from dataclasses import dataclass
from typing import Any

from stash_sense.configuration.values import TextType
from stash_sense.errors import PathMapInvalid
from stash_sense.library.paths import PathMap


@dataclass(frozen=True, slots=True)
class PathMapType:
    """Pairs of folders, as `PathMap.parse` reads them; none when empty."""

    longest: int = 4000

    name = "text"
    allowed = "folders of Stash and here, like /data=/mnt/media, several apart by semicolons"

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {"longest": self.longest}

    def check(self, value: object) -> str:
        """Return the text."""
        try:
            text = TextType(self.longest, 0).check(value)
            PathMap.parse(text)
        except (ValueError, PathMapInvalid) as error:
            raise ValueError(self.allowed) from error
        return text

    def parse(self, text: str) -> str:
        """Return the text as it is."""
        return self.check(text.strip())
