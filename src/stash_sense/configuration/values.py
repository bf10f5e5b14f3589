"""What values a setting may have: the types, and the reasons for which a value is refused."""

import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Value: TypeAlias = bool | int | str

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class ValueType(Protocol):
    """The type of a setting.

    `allowed` completes the sentence "it must be …". `check` takes a value as JSON has it and returns it as readers
    get it; `parse` takes the text of an environment variable or of a command line. Both raise ValueError.
    """

    @property
    def name(self) -> str:
        """For programs: bool, int, choice or text."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""

    @property
    def bounds(self) -> dict[str, Any]:
        """The same for programs: `least` and `most`, `choices`, or `longest`."""

    def check(self, value: object) -> Value:
        """Return the value, or raise ValueError."""

    def parse(self, text: str) -> Value:
        """Return the value that a text means, or raise ValueError."""


@dataclass(frozen=True, slots=True)
class BoolType:
    """True or false."""

    name = "bool"
    allowed = "true or false"

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {}

    def check(self, value: object) -> bool:
        """Return the value; 0 and 1 are none."""
        if isinstance(value, bool):
            return value
        raise ValueError(self.allowed)

    def parse(self, text: str) -> bool:
        """Return what true, false, yes, no, on, off, 1 or 0 mean, in letters of any size."""
        return self.check(_WORDS.get(text.strip().lower()))


@dataclass(frozen=True, slots=True)
class IntType:
    """A whole number from `least` to `most`."""

    least: int
    most: int
    unit: str = ""

    name = "int"

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"a whole number{self.unit and f' of {self.unit}'} from {self.least} to {self.most}"

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {"least": self.least, "most": self.most}

    def check(self, value: object) -> int:
        """Return the value; neither true nor 60.0 is a whole number."""
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        raise ValueError(self.allowed)

    def parse(self, text: str) -> int:
        """Return what digits mean."""
        return self.check(int(text) if _WHOLE.fullmatch(text.strip()) else None)


@dataclass(frozen=True, slots=True)
class ChoiceType:
    """One of some words."""

    choices: tuple[str, ...]

    name = "choice"

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        *first, last = self.choices
        return f"{', '.join(first)} or {last}" if first else last

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {"choices": list(self.choices)}

    def check(self, value: object) -> str:
        """Return the value."""
        if isinstance(value, str) and value in self.choices:
            return value
        raise ValueError(self.allowed)

    def parse(self, text: str) -> str:
        """Return the word."""
        return self.check(text.strip())


@dataclass(frozen=True, slots=True)
class TextType:
    """One line of text, of `shortest` to `longest` characters."""

    longest: int = 200
    shortest: int = 1

    name = "text"

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"one line of {self.shortest} to {self.longest} characters"

    @property
    def bounds(self) -> dict[str, Any]:
        """What is allowed, for programs."""
        return {"longest": self.longest}

    def check(self, value: object) -> str:
        """Return the value; a text with control characters is none."""
        if isinstance(value, str) and self.shortest <= len(value) <= self.longest and value.isprintable():
            return value
        raise ValueError(self.allowed)

    def parse(self, text: str) -> str:
        """Return the text as it is."""
        return self.check(text)
