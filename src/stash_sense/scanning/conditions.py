"""The settings that decide what is found in a scene or image -> digests by which a change of them is noticed."""

import hashlib
import json

from stash_sense.identification.recognizer import Request
from stash_sense.library.paths import PathMap
from stash_sense.scanning.deciding import Conditions

_DECODING = 1
"""Rises when the program comes to read what it could not: failures are tried again then."""


def conditions_of(paths: PathMap, request: Request) -> Conditions:
    """Say what decides beside file, pack and database.

    Args:
        paths: which folder of Stash is which folder here: a file may be seen that was not.
        request: how items are looked at.
    """
    return Conditions(
        looking=_digest(_DECODING, str(paths), request.plan.num_frames),
        matching=_digest(request.mode, request.strict),
    )


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
