"""Where the programs are that packages can be fetched with; nothing is started."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import stash_sense

_CHECKOUT_UV = Path(".tools") / "uv" / "bin" / "uv"
"""Where the project's own Makefile puts uv, seen from the root of a checkout."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The package installers of this machine; None where there is none.

    Attributes:
        uv: the program.
        pip: the Python whose pip can be used.
        npm: the program.
    """

    uv: Path | None
    pip: Path | None
    npm: Path | None


def find_tools(environment: Mapping[str, str] | None = None) -> Tools:
    """Look for uv (named by UV, beside this Python, in PATH, in the checkout), this Python's pip, and npm."""
    given = os.environ if environment is None else environment
    path = given.get("PATH", os.defpath)
    python = Path(sys.executable)
    checkout = Path(stash_sense.__file__).parents[2]
    places = [Path(given["UV"])] if given.get("UV") else []
    places += [python.parent / "uv", *_in_path("uv", path)]
    if (checkout / "pyproject.toml").is_file():
        places.append(checkout / _CHECKOUT_UV)
    return Tools(
        uv=next((place for place in places if place.is_file() and os.access(place, os.X_OK)), None),
        pip=python if importlib.util.find_spec("pip") else None,
        npm=next(iter(_in_path("npm", path)), None),
    )


def _in_path(program: str, path: str) -> list[Path]:
    found = shutil.which(program, path=path)
    return [Path(found)] if found else []
