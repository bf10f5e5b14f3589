"""The type of the setting that says where newer databases come from."""

from dataclasses import dataclass
from typing import Any

from stash_sense.configuration.values import TextType
from stash_sense.errors import SourceUnknown
from stash_sense.releases.source_names import ALLOWED, check_name


@dataclass(frozen=True, slots=True)
class SourceType:
    """The name of a source of releases, or nothing.

    Only its form is looked at: a folder may be on a disk that comes and goes.
    """

    longest: int = 2000

    name = "text"
    allowed = f"{ALLOWED}, or empty"

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {"longest": self.longest}

    def check(self, value: object) -> str:
        """Return the name."""
        try:
            text = TextType(self.longest, 0).check(value)
            if text:
                check_name(text)
        except (ValueError, SourceUnknown) as error:
            raise ValueError(self.allowed) from error
        return text

    def parse(self, text: str) -> str:
        """Return the name."""
        return self.check(text.strip())
