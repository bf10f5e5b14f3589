"""How the program was called, so that what it tells to type can be copied."""

import os
import sys

_NAME = "stash-sense"


def as_typed(sentence: str) -> str:
    """Name the program in hints as the user has just called it: with its folder, where it is not in the PATH."""
    folder, name = os.path.split(sys.argv[0])
    return sentence.replace(f"`{_NAME} ", f"`{folder}{os.sep}{name} ") if folder and name == _NAME else sentence
