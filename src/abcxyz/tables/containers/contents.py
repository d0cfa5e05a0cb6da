"""Contents of a file: the bytes of its table, or of the tables in an archive."""

from __future__ import annotations

import bz2
import filecmp
import gzip
import io
import lzma
import stat
import struct
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from attrs import field, frozen

from abcxyz.errors import InputError
from abcxyz.tables.containers.limits import DEFAULT_LIMITS, BoundedReader, UnpackLimits
from abcxyz.tables.containers.signatures import (
    HEAD,
    kind_of_bytes,
    kind_of_zip,
    refusal,
)
from abcxyz.toolkit.temporary import TemporaryFolder, temporary_folder

__all__ = ["Content", "absent", "contents_of", "damaged", "reading"]

_BLOCK = 1 << 20
#: Kinds whose tables are read.
_TABLES = ("parquet", "xlsx", "xlsb", "xls", "ods", "spreadsheetml", "jsonlines", "text")
_DEPTH = 3  # archives in archives


@frozen(eq=False)
class Content:
    """The bytes of one table.

    Parameters
    ----------
    name
        Name of the file, with that of the member of an archive, for messages.
    kind
        One of ``parquet``, ``xlsx``, ``xlsb``, ``xls``, ``ods``, ``spreadsheetml``,
        ``jsonlines`` and ``text``.
    path
        The file, where it holds these bytes unpacked.
    size
        Size of the file in bytes.
    packed
        How the bytes are packed: ``gzip``, ``zip``, ...; empty where they are not.
    """

    name: str
    kind: str
    path: Path | None
    size: int
    packed: str = ""
    _open: Callable[[], IO[bytes]] = field(kw_only=True)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the unpacked bytes, for one reading from the start.

        Raises
        ------
        InputError
            The bytes are damaged, or unpack to more than the limits.
        """
        with reading(self.name), self._open() as stream:
            yield stream

    def read(self) -> bytes:
        """Return all bytes; raises as `open` does."""
        with self.open() as stream:
            return stream.read()

    def equals(self, other: Content) -> bool:
        """Return whether two contents have the same bytes; packed ones are not compared."""
        if self.path is None or other.path is None or self.size != other.size or not self.size:
            return False
        return filecmp.cmp(self.path, other.path, shallow=False)

    @contextmanager
    def file(self) -> Iterator[Path]:
        """Return a file with the unpacked bytes, a temporary one where they are packed."""
        if self.path is not None:
            yield self.path
            return
        with temporary_folder() as folder:
            path = folder / "table"
            with self.open() as source, path.open("wb") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
            yield path


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Convert errors of reading and unpacking to an `InputError` that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise InputError("there is no file {path}; check the path", path=name) from None
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as problem:
        raise damaged(name, problem) from problem
    except (NotImplementedError, RuntimeError, ValueError, struct.error) as problem:
        if isinstance(problem, InputError):
            raise
        raise damaged(name, problem) from problem


def damaged(name: str, problem: object) -> InputError:
    """Return the error of a file that cannot be read."""
    return InputError(
        "the file {path} cannot be read ({reason}); check that it is whole and may be read",
        path=name,
        reason=" ".join(str(problem).split())[:200] or type(problem).__name__,
    )


def absent(kind: str, package: str) -> InputError:
    """Return the error of a format whose package is not installed."""
    return InputError(
        "reading {kind} needs {package}; install it with: pip install {package}",
        kind=kind,
        package=package,
    )


def contents_of(path: Path, limits: UnpackLimits = DEFAULT_LIMITS) -> list[Content]:
    """Return the tables of a file: one, or those in an archive.

    Parameters
    ----------
    path
        The file; its format is detected by its first bytes, not by its name. A pipe is stored in
        a temporary file up to the limit.
    limits
        How much it may unpack to.

    Raises
    ------
    InputError
        The file is absent, empty, protected, or of a format that holds no table.
    """
    name = str(path)
    with reading(name):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("{path} is a folder; name a file in it", path=name)
        if stat.S_ISFIFO(mode):
            return _of_stream(path, limits)
        if not stat.S_ISREG(mode):
            raise InputError("{path} is a device, whose data has no end; name a file", path=name)
    size = path.stat().st_size
    return _expand(name, lambda: path.open("rb"), path, size, limits, "", _DEPTH)


def _of_stream(path: Path, limits: UnpackLimits) -> list[Content]:
    """Store a pipe, which can be read once, in a temporary file that lives with its contents."""
    name = str(path)
    folder = TemporaryFolder()
    stored = folder.path / "stream"

    def open_stored() -> IO[bytes]:
        return stored.open("rb")

    weakref.finalize(open_stored, folder.remove)
    size = 0
    with path.open("rb") as source, stored.open("wb") as target:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > limits.stream:
                raise InputError(
                    "the stream {path} holds more than {limit} GB; store it in a file, or set a "
                    "larger limit with --unpack-limit",
                    path=name,
                    limit=f"{limits.stream / 10**9:g}",
                )
            target.write(block)
    return _expand(name, open_stored, None, size, limits, "", _DEPTH)


def _expand(
    name: str,
    opener: Callable[[], IO[bytes]],
    path: Path | None,
    size: int,
    limits: UnpackLimits,
    packed: str,
    depth: int,
) -> list[Content]:
    with reading(name), opener() as stream:
        head = _head(stream)
        kind = kind_of_bytes(head)
        if kind == "zip":
            return _of_zip(name, opener, path, size, limits, packed, depth)
        if kind == "xls" and _is_encrypted(stream, head, packed):
            kind = "encrypted"
    if kind in _UNPACK:
        if not depth:
            raise damaged(name, "packed more than three times")
        unpacked = partial(_unpacked, _UNPACK[kind], opener, name, size, limits)
        return _expand(name, unpacked, None, size, limits, kind, depth - 1)
    if kind not in _TABLES:
        raise refusal(kind, name)
    return [Content(name, kind, path, size, packed, open=opener)]


def _head(stream: IO[bytes]) -> bytes:
    head = b""
    while len(head) < HEAD and (block := stream.read(HEAD - len(head))):
        head += block
    return head


def _is_encrypted(stream: IO[bytes], head: bytes, packed: str) -> bool:
    """Return whether the directory of an OLE file, anywhere in it, names an encrypted package."""
    sector = 1 << min(int.from_bytes(head[30:32], "little"), 16)
    start = (int.from_bytes(head[48:52], "little") + 1) * sector
    if packed or start < len(head):
        return False
    stream.seek(start)
    return "EncryptedPackage".encode("utf-16-le") in stream.read(4096)


def _unpacked(
    unpack: Callable[[IO[bytes]], IO[bytes]],
    opener: Callable[[], IO[bytes]],
    name: str,
    size: int,
    limits: UnpackLimits,
) -> IO[bytes]:
    """Open what is packed in a file; how much it may unpack to is bounded."""
    packed = opener()
    try:
        stream = unpack(packed)
    except BaseException:
        packed.close()
        raise
    return io.BufferedReader(BoundedReader(stream, name, size, limits, under=packed), _BLOCK)


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    try:
        import pyarrow as pa
    except ImportError:
        raise absent("zstd", "pyarrow") from None
    unpacked: IO[bytes] = pa.CompressedInputStream(stream, "zstd")
    return unpacked


_UNPACK: dict[str, Callable[[Any], Any]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zstd": _zstd,
}


def _of_zip(
    name: str,
    opener: Callable[[], IO[bytes]],
    path: Path | None,
    size: int,
    limits: UnpackLimits,
    packed: str,
    depth: int,
) -> list[Content]:
    with opener() as stream, zipfile.ZipFile(stream) as archive:
        # A damaged archive may have a member without a name, of which `is_dir` fails.
        members = [one for one in archive.infolist() if one.filename and not one.is_dir()]
    kind = kind_of_zip(one.filename for one in members)
    if kind in _TABLES:
        total = sum(one.file_size for one in members)
        problem = limits.problem(name, packed=size, unpacked=total)
        if problem is not None:
            raise problem
        return [Content(name, kind, path, size, packed, open=opener)]
    if kind != "zip":
        raise refusal(kind, name)
    members = [one for one in members if not _is_hidden(one.filename)]
    if any(one.flag_bits & 1 for one in members):
        raise refusal("encrypted", name)
    if not members:
        raise InputError("{path} is an archive without a file", path=name)
    if not depth:
        raise damaged(name, "packed more than three times")
    found: list[Content] = []
    for member in sorted(members, key=lambda one: one.filename):
        # The bound holds too where the directory of the archive has a wrong size.
        unpack = partial(_member, member)
        unpacked = partial(_unpacked, unpack, opener, name, size, limits)
        inner = f"{name}/{PurePosixPath(member.filename).name}"
        found += _expand(inner, unpacked, None, size, limits, "zip", depth - 1)
    return found


def _member(member: zipfile.ZipInfo, packed: IO[bytes]) -> IO[bytes]:
    return zipfile.ZipFile(packed).open(member)


def _is_hidden(member: str) -> bool:
    parts = PurePosixPath(member.replace("\\", "/")).parts
    return parts[0] == "__MACOSX" or parts[-1].startswith((".", "~$")) or parts[-1] == "Thumbs.db"
