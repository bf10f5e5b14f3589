"""Names of versions that are made of other ones: a publisher's next one, and one that only this machine has."""

import re
from collections.abc import Collection

from packaging.version import InvalidVersion, Version

_LABEL = re.compile(r"(?:(?P<before>.*)\.)?without\.(?P<number>\d+)")
_LAST_NUMBER = re.compile(r"(.*\D)(\d+)")


def is_version(name: str) -> bool:
    """Whether a version may be called so."""
    try:
        Version(name)
    except InvalidVersion:
        return False
    return True


def version_after(version: str, taken: Collection[str]) -> str:
    """Name the version that a publisher gives out after one of theirs: 2026.11.22.1 after 2026.11.22.

    It is newer than all that are here, so that nobody who has one of those misses it; what was meant for trying out
    stays so, and what was not does not become it.
    """
    this = Version(version)
    latest = max([this, *(known for known in map(Version, taken) if known.is_prerelease == this.is_prerelease)])
    if (last := _LAST_NUMBER.fullmatch(latest.public)) and latest.public != latest.base_version:
        return f"{last[1]}{int(last[2]) + 1}"  # 2.0rc1
    *day, last_number = latest.release if len(latest.release) > 3 else (*latest.release, 0, 0, 0)[:4]
    return ".".join(map(str, (*day, last_number + 1)))


def version_without(version: str, taken: Collection[str]) -> str:
    """Name a version that holds not all the people of another one, here only: 2026.11.22+without.1."""
    public, _, local = version.partition("+")
    label = _LABEL.fullmatch(local)
    before = label["before"] if label else local
    number = int(label["number"]) if label else 0
    known = {Version(one) for one in taken}
    while True:
        number += 1
        name = f"{public}+{f'{before}.' if before else ''}without.{number}"
        if Version(name) not in known:
            return name


def whole_version(version: str) -> str:
    """Return the name of the version that `version_without` was given; any other name as it is."""
    public, _, local = version.partition("+")
    label = _LABEL.fullmatch(local)
    if label is None:
        return version
    return f"{public}+{label['before']}" if label["before"] else public
