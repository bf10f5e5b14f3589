"""The list of members at the end of a zip, looked at before anything in the archive is believed.

`zipfile` reads whatever that list says, however long it is, and lets members overlap, repeat and lead elsewhere. Here
the record at the very end is read first, by its own rules, so that a list that no release has is never taken apart;
then each member must be a plain file of the release, once, whole and in a place of its own.
"""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from stash_sense.errors import (
    ArchiveDamaged,
    ArchiveOvercrowded,
    MemberCompressionUnknown,
    MemberDuplicate,
    MemberEncrypted,
    MemberMisplaced,
    MemberMissing,
    MemberNameUnsafe,
    MemberNotFile,
    MemberSizeWrong,
    MemberUnexpected,
)

ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What zipfile raises about archives that are damaged, or packed in ways it does not know."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")
_LARGE16, _LARGE32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Bits of a member's flags: encrypted, strongly encrypted, with its header masked."""
_FOLDER_ATTRIBUTE = 0x10
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds for the list of a release's members; the defaults are ten times what any release has."""

    members: int = 330
    """Entries: a manifest names at most 32 files."""
    directory_bytes: int = 64 * 1024
    """Bytes of the list: 33 entries of a name with 100 characters take 6,000."""


def read_members(file: IO[bytes], archive: str, limits: ArchiveLimits) -> tuple[zipfile.ZipFile, int]:
    """Read the list of an archive's members, if it is one that a release may have.

    Args:
        file: the archive, open for reading.
        archive: its name, for errors.
        limits: how long the list may be.

    Returns:
        The opened archive, and where in it the list begins, which is where the members end.

    Raises:
        ArchiveDamaged: it is no whole zip, or has something before or after it.
        ArchiveOvercrowded: its list is longer than `limits`; it was not taken apart.
    """
    entries, start = _end_record(file, archive, limits)
    try:
        opened = zipfile.ZipFile(file)
    except ZIP_ERRORS as error:
        raise ArchiveDamaged(archive=archive, reason=str(error)) from error
    if len(opened.infolist()) != entries:
        raise ArchiveDamaged(archive=archive, reason="its list has another length than it says")
    return opened, start


def _end_record(file: IO[bytes], archive: str, limits: ArchiveLimits) -> tuple[int, int]:
    """Return how many members an archive has, and where their list begins."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END64.size - _LOCATOR64.size - _END.size))
    tail = file.read()
    if not tail[-_END.size :].startswith(b"PK\5\6") or len(tail) < _END.size:
        raise ArchiveDamaged(archive=archive, reason="its end is missing")
    end = _plain_end(tail, size)
    if tail[: -_END.size][-_LOCATOR64.size :].startswith(b"PK\6\7"):
        end = _large_end(tail, size, end, archive)
    if end.entries > limits.members:
        raise ArchiveOvercrowded(archive=archive, reason=f"{end.entries:,} entries")
    if end.length > limits.directory_bytes:
        raise ArchiveOvercrowded(archive=archive, reason=f"a list of {end.length:,} bytes")
    if any(end.others):
        raise ArchiveDamaged(archive=archive, reason="its end is not as a release's")
    if end.start + end.length != end.position:
        raise ArchiveDamaged(archive=archive, reason="there is something before, between or after its parts")
    return end.entries, end.start


@dataclass(frozen=True, slots=True)
class _End:
    """What the record at the end of a zip says.

    Attributes:
        entries: members of the list.
        length: bytes of the list.
        start: where the list begins.
        position: where this record begins.
        others: what is 0 in an archive that is one file, without a comment, and agrees with itself.
    """

    entries: int
    length: int
    start: int
    position: int
    others: tuple[int, ...]


def _plain_end(tail: bytes, size: int) -> _End:
    _, disk, first_disk, entries_here, entries, length, start, comment = _END.unpack(tail[-_END.size :])
    return _End(entries, length, start, size - _END.size, (disk, first_disk, entries_here - entries, comment))


def _large_end(tail: bytes, size: int, plain: _End, archive: str) -> _End:
    """Read the record of zip64, which lies before the plain one and holds the numbers that are too large for that."""
    position = size - len(tail)
    if len(tail) < _END64.size + _LOCATOR64.size + _END.size or not tail.startswith(b"PK\6\6"):
        raise ArchiveDamaged(archive=archive, reason="its end is missing")
    _, locator_disk, place, disks = _LOCATOR64.unpack_from(tail, _END64.size)
    _, rest, _, _, disk, first_disk, entries_here, entries, length, start = _END64.unpack_from(tail)
    same = (
        plain.entries in (entries, _LARGE16)
        and plain.length in (length, _LARGE32)
        and plain.start in (start, _LARGE32)
    )
    # The length that the record says leaves out the 12 bytes before it; there may be one disk, or none counted.
    fixed = (place - position, rest - (_END64.size - 12), disks // 2, locator_disk, disk, first_disk)
    return _End(entries, length, start, position, (*plain.others, *fixed, entries_here - entries, not same))


def check_members(opened: zipfile.ZipFile, start: int, archive: str, expected: Mapping[str, int | None]) -> None:
    """Make sure that an archive holds exactly the files that are expected, each once, plain, and in its own place.

    Args:
        opened: the archive.
        start: where its list begins.
        archive: its name, for errors.
        expected: the size of each file, bytes; None where it is not known.

    Raises:
        ArchiveError: one of the Member… errors, of the first member that is not as it should be.
    """
    members = opened.infolist()
    _check_names(members, archive)
    for member in members:
        _check_kind(member, archive)
    for member in members:
        name = member.orig_filename
        if name not in expected:
            raise MemberUnexpected(archive=archive, member=_shown(name))
        size = expected[name]
        if size is not None and member.file_size != size:
            raise MemberSizeWrong(archive=archive, member=name, expected=size)
    for name in expected.keys() - {member.orig_filename for member in members}:
        raise MemberMissing(archive=archive, member=name)
    _check_places(opened, members, start, archive)


def _check_names(members: Sequence[zipfile.ZipInfo], archive: str) -> None:
    seen: set[str] = set()
    for member in members:
        # What Windows, macOS and some network disks take for the same name.
        folded = unicodedata.normalize("NFKC", member.orig_filename).casefold().rstrip(". ")
        if folded in seen:
            raise MemberDuplicate(archive=archive, member=_shown(member.orig_filename))
        seen.add(folded)
    for member in members:
        name = member.orig_filename
        if not _SAFE_NAME.fullmatch(name.removesuffix("/")) or member.filename != name:
            raise MemberNameUnsafe(archive=archive, member=_shown(name))


def _check_kind(member: zipfile.ZipInfo, archive: str) -> None:
    name = _shown(member.orig_filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.orig_filename.endswith("/") or member.external_attr & _FOLDER_ATTRIBUTE:
        kind = stat.S_IFDIR
    if kind not in (0, stat.S_IFREG):
        raise MemberNotFile(archive=archive, member=name, kind=_KINDS.get(kind, "something else"))
    if member.flag_bits & _ENCRYPTED:
        raise MemberEncrypted(archive=archive, member=name)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise MemberCompressionUnknown(archive=archive, member=name, method=member.compress_type)


def _check_places(opened: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], start: int, archive: str) -> None:
    """Make sure that every member lies before the list, and none in another: such archives grow without end."""
    file, end, before = opened.fp, 0, ""
    if file is None:
        raise ValueError("the archive is closed")
    for member in sorted(members, key=lambda member: member.header_offset):
        name = member.orig_filename
        if member.header_offset < end:
            raise MemberMisplaced(archive=archive, member=name, reason=f"it overlaps {before}")
        if member.header_offset + _LOCAL.size > start:
            raise MemberMisplaced(archive=archive, member=name, reason="it begins beyond the last")
        file.seek(member.header_offset)
        header = _LOCAL.unpack(file.read(_LOCAL.size))
        if header[0] != b"PK\3\4":
            raise MemberMisplaced(archive=archive, member=name, reason="nothing begins there")
        end, before = member.header_offset + _LOCAL.size + header[9] + header[10] + member.compress_size, name
        if end > start:
            raise MemberMisplaced(archive=archive, member=name, reason="it ends beyond the last")


def _shown(name: str) -> str:
    """Write a name so that it can be shown, whatever is in it."""
    return name.encode("unicode_escape").decode("ascii")[:100]
