"""Files of the data sets in a folder: which set each holds, and when it was published."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import IO
from xml.parsers import expat

from attrs import frozen

from abcxyz.companies.fns.datasets import DATASETS, dataset_of_element
from abcxyz.companies.fns.members import Member, MemberError, read_member
from abcxyz.companies.fns.persons import without_persons
from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = ["Archive", "find_archives", "publication_date", "read_archive_member", "sha256_of"]

_LARGEST_MEMBER = 64 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
_NAME = re.compile(r"data-(\d{8})(?!\d)")


@frozen
class Archive:
    """A file of a data set.

    Parameters
    ----------
    dataset
        Name of the set, by its content.
    path
        The zip.
    published
        Date in its name, None without one.
    members
        Names of its XML members.
    """

    dataset: str
    path: Path
    published: date | None
    members: tuple[str, ...]


class _Recognised(Exception):  # noqa: N818 - no error
    """Ends the reading of a member as soon as its data set is known."""


def publication_date(name: str) -> date | None:
    """Return the date in the name of a file; the register of small firms has the day first.

    Examples
    --------
    >>> publication_date("data-20260525-structure-20260425.zip").isoformat()
    '2026-05-25'
    >>> publication_date("data-10112026-structure-12052026.zip").isoformat()
    '2026-11-10'
    """
    match = _NAME.search(name)
    if match is None:
        return None
    digits = match[1]
    # A date with the day first has no sensible year, read the other way round, and vice versa.
    for year, month, day in (
        (digits[:4], digits[4:6], digits[6:]),
        (digits[4:], digits[2:4], digits[:2]),
    ):
        if year.startswith("20"):
            with suppress(ValueError):
                return date(int(year), int(month), int(day))
    return None


def find_archives(folder: Path, sets: Sequence[str] = ()) -> list[Archive]:
    """Find the files of the data sets in a folder and the folders in it.

    Parameters
    ----------
    folder
        The folder.
    sets
        Names of the sets to use; all by default.

    Returns
    -------
    list of Archive
        Ordered by set, publication and name.

    Raises
    ------
    InputError
        There is no folder or no file, a file holds no data set, or a set is unknown or absent.
    """
    check_known(
        "there is no data set {key!r}; known are {known}", key=sets, known=DATASETS,
        error=InputError,
    )  # fmt: skip
    if not folder.is_dir():
        raise InputError(
            "{path} is no folder; put the zips of the tax service into one", path=str(folder)
        )
    paths = [path for path in folder.rglob("*.zip") if path.is_file()]
    if not paths:
        raise InputError(
            "{path} holds no zip; download the open data sets of the tax service into it",
            path=str(folder),
        )
    found = [_archive(path) for path in paths]
    chosen = [one for one in found if not sets or one.dataset in sets]
    for name in sets:
        if all(one.dataset != name for one in chosen):
            raise InputError(
                "no zip in {path} holds the data set {name}; download it, or leave it out of "
                "--sets",
                path=str(folder),
                name=name,
            )
    order = list(DATASETS)
    return sorted(
        chosen,
        key=lambda one: (
            order.index(one.dataset), one.published or date.min, one.path.relative_to(folder)
        ),
    )  # fmt: skip


def _archive(path: Path) -> Archive:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one.filename for one in archive.infolist() if not one.is_dir()]
            xml = tuple(name for name in members if name.lower().endswith(".xml"))
            dataset = next(_datasets(archive, xml), None)
    except _DAMAGED as problem:
        raise InputError(
            "{path} is no whole zip ({reason}); download it again",
            path=str(path),
            reason=type(problem).__name__,
        ) from problem
    if dataset is None:
        raise InputError(
            "{path} holds no data set of the tax service that is known here ({known}); move it to "
            "another folder",
            path=str(path),
            known=", ".join(DATASETS),
        )
    return Archive(dataset, path, publication_date(path.name), xml)


def _datasets(archive: zipfile.ZipFile, members: Sequence[str]) -> Iterator[str]:
    for name in members:
        with suppress(*_DAMAGED, expat.ExpatError, ValueError, LookupError):
            with archive.open(name) as stream:
                dataset = _recognise(stream)
            if dataset is not None:
                yield dataset


def _recognise(stream: IO[bytes]) -> str | None:
    """Read a member up to the first element that only one data set has."""
    dataset: str | None = None

    def start(name: str, _: object) -> None:
        nonlocal dataset
        dataset = dataset_of_element(name)
        if dataset is not None:
            raise _Recognised

    def refuse(*_: object) -> None:
        raise ValueError

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    with suppress(_Recognised):
        while dataset is None and (piece := stream.read(1 << 12)):
            parser.Parse(piece, False)
    return dataset


def read_archive_member(archive: zipfile.ZipFile, name: str, dataset: str) -> Member:
    """Read a member of a zip, with its checksum.

    Raises
    ------
    MemberError
        It is damaged, too large, of another data set, or not of the agreed form.
    """
    if archive.getinfo(name).file_size > _LARGEST_MEMBER:
        raise MemberError("size")
    try:
        content = archive.read(name)
    except _DAMAGED as problem:
        raise MemberError(type(problem).__name__) from problem
    member = read_member(*without_persons(content))
    if member.dataset != dataset:
        raise MemberError("another data set")
    return member


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
