"""Build of the index from the zips of the tax service."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from attrs import define, field

from abcxyz.companies.fns.archives import Archive, find_archives
from abcxyz.companies.fns.datasets import DATASETS
from abcxyz.companies.fns.index import APPLICATION_ID, SCHEMA, VERSION, Company, DatasetFile
from abcxyz.companies.fns.workers import Task, TaskResult, run_tasks
from abcxyz.errors import AdapterError, InputError
from abcxyz.toolkit.files import check_writable, move_atomic
from abcxyz.toolkit.temporary import temporary_folder

__all__ = ["build_index"]

_MOST_SKIPPED = 0.01
_MEMBERS_PER_TASK = 16
_SORTER_KB = 24 << 10
_BYTES_PER_PROCESS = 32 << 20  # of zips; reading fewer takes less time than starting a process
#: Columns before those of the data set: INN, dates of data, document and release, file, name.
_HEAD = ("inn", "stated", "dated", "released", "file", "name")
#: Data set -> column of the date of its values.
_DATES = {
    "rsmp": "rsmp_on", "sshr2019": "headcount_on", "revexp": "statement_on", "snr": "regime_on",
    "paytax": "tax_on", "debtam": "debt_on",
}  # fmt: skip

Progress = Callable[[int, int], None]


@define
class _Counts:
    """Counters of one file."""

    archive: Archive
    members_skipped: int = 0
    documents: int = 0
    persons: int = 0
    rejected: int = 0
    organisations: int = 0
    duplicates: int = 0
    conflicting: int = 0
    data_on: int = 0
    dated: int = 0
    sha256: str = ""
    reasons: list[str] = field(factory=list)


def build_index(
    folder: Path,
    target: Path,
    *,
    built: date,
    sets: Sequence[str] = (),
    processes: int = 1,
    progress: Progress | None = None,
) -> list[DatasetFile]:
    """Build an index of organisations from the data sets in a folder.

    Parameters
    ----------
    folder
        Folder with the zips, in any order and in folders of its own.
    target
        The index. It is replaced as a whole at the end; until then, and after a failure or a
        kill, the old one stays.
    built
        Date of the build.
    sets
        Names of the data sets to use; all that are there by default.
    processes
        Largest number of processes that read members.
    progress
        Called with the number of members read and of all members.

    Returns
    -------
    list of DatasetFile
        One per zip, as in the index.

    Raises
    ------
    InputError
        See `find_archives`; or over 1 % of the members or documents of a zip cannot be read.
    AdapterError
        The index cannot be written.

    Notes
    -----
    One organisation is one row. Of several documents on it in one data set the newest counts: by
    the date of the data, then of the document, then of the publication. Where all are equal but
    the values differ, the largest values count, so that the order of files and members does not
    matter. Documents of natural persons are counted and not read.
    """
    check_writable(target)
    archives = find_archives(folder, sets)
    size = sum(one.path.stat().st_size for one in archives)
    processes = min(processes, 1 + size // _BYTES_PER_PROCESS)
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent) as work:
        try:
            staging = sqlite3.connect(work / "documents.db", isolation_level=None)
            with closing(staging):
                counts = _read(staging, archives, processes, progress)
                new = work / "companies.db"
                files = _write(staging, new, counts, folder, built)
        except (sqlite3.Error, OSError, BrokenProcessPool) as problem:
            raise AdapterError(
                "the index {path} cannot be built ({reason}); check the space and the rights of "
                "its folder",
                path=str(target),
                reason=str(problem),
            ) from problem
        move_atomic(new, target)
    return files


# -- reading ---------------------------------------------------------------------------------


def _read(
    db: sqlite3.Connection,
    archives: Sequence[Archive],
    processes: int,
    progress: Progress | None,
) -> list[_Counts]:
    """Read all members into one unsorted table per data set."""
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute(f"PRAGMA cache_size = -{_SORTER_KB}")
    inserts = {}
    for name, dataset in DATASETS.items():
        columns = (*_HEAD, *dataset.columns)
        db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        inserts[name] = _insert(name, columns)
    counts = [_Counts(one) for one in archives]
    every = sum(len(one.members) for one in archives)
    done = 0
    db.execute("BEGIN")
    for result in run_tasks(_tasks(archives), processes):
        count = counts[result.place]
        if result.sha256:
            count.sha256 = result.sha256
            continue
        released = _number(count.archive.published)
        _add(count, result)
        db.executemany(
            inserts[count.archive.dataset],
            (
                (inn, stated, dated, released, result.place, *values)
                for member in result.members
                for inn, stated, dated, *values in member.rows
            ),
        )
        done += len(result.members) + len(result.skipped)
        if progress is not None:
            progress(done, every)
    db.execute("COMMIT")
    for count in counts:
        _raise_if_unusable(count)
    return counts


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})"  # noqa: S608 - own names


def _tasks(archives: Sequence[Archive]) -> Iterator[Task]:
    for place, archive in enumerate(archives):
        yield Task(place, archive.path, archive.dataset, ())
        for start in range(0, len(archive.members), _MEMBERS_PER_TASK):
            names = archive.members[start : start + _MEMBERS_PER_TASK]
            yield Task(place, archive.path, archive.dataset, names)


def _add(count: _Counts, result: TaskResult) -> None:
    count.members_skipped += len(result.skipped)
    count.reasons += [f"{name}: {reason}" for name, reason in result.skipped[:1]]
    for member in result.members:
        count.documents += member.documents
        count.persons += member.persons
        count.rejected += member.rejected
        for _, stated, dated, *_ in member.rows:
            count.data_on = max(count.data_on, stated)  # type: ignore[call-overload]
            count.dated = max(count.dated, dated)  # type: ignore[call-overload]


def _raise_if_unusable(count: _Counts) -> None:
    members = len(count.archive.members)
    path = str(count.archive.path)
    if count.members_skipped > _MOST_SKIPPED * members:
        raise InputError(
            "{path}: {skipped} of {members} {members:member|members} {skipped:is|are} damaged "
            "or not whole, first {reason}; download the file again. The old index stays",
            path=path,
            skipped=count.members_skipped,
            members=members,
            reason=min(count.reasons),
        )
    if count.rejected > _MOST_SKIPPED * count.documents:
        raise InputError(
            "{path}: {rejected} of {documents} {documents:document|documents} "
            "{rejected:has|have} no valid INN, date or number; the form of the data set may "
            "have changed. The old index stays",
            path=path,
            rejected=count.rejected,
            documents=count.documents,
        )


# -- writing ---------------------------------------------------------------------------------


def _write(
    staging: sqlite3.Connection,
    path: Path,
    counts: list[_Counts],
    folder: Path,
    built: date,
) -> list[DatasetFile]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        for name, columns in SCHEMA.items():
            db.execute(f"CREATE TABLE {name} ({columns})")
        db.execute("BEGIN")
        db.executemany(_insert("company", Company._fields), _companies(staging, counts))
        files = [_file(one, folder, built) for one in counts]
        if not any(one.organisations for one in files):
            raise InputError(
                "the files in {path} name no organisation; download the data sets again",
                path=str(folder),
            )
        db.executemany(_insert("dataset", DatasetFile._fields), files)
        db.execute("COMMIT")
    return files


def _companies(db: sqlite3.Connection, counts: list[_Counts]) -> Iterator[Company]:
    """Join the newest documents of all data sets, by INN."""
    streams = [_newest(db, place, counts) for place in range(len(DATASETS))]
    names = list(DATASETS)
    columns = [one.columns for one in DATASETS.values()]
    for inn, documents in groupby(heapq.merge(*streams), key=itemgetter(0)):
        values: dict[str, object] = {"inn": inn}
        for _, place, row in documents:
            values.setdefault("name", row[5] or None)
            values[_DATES[names[place]]] = row[1]
            values.update(zip(columns[place], row[6:], strict=True))
        yield Company(**values)  # type: ignore[arg-type]


def _newest(
    db: sqlite3.Connection, place: int, counts: list[_Counts]
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield the newest document on each organisation in one data set, and count the others."""
    dataset = list(DATASETS.values())[place]
    newest_first = [f"{name} DESC" for name in (*_HEAD[1:4], *dataset.columns, "name")]
    query = f"SELECT * FROM {dataset.name} ORDER BY inn, {', '.join(newest_first)}, file"  # noqa: S608 - names of columns
    last: tuple[int, ...] = (-1,)
    for row in db.execute(query):
        if row[0] != last[0]:
            last = row
            counts[row[4]].organisations += 1
            yield row[0], place, row
        else:
            loser = counts[row[4]]
            loser.duplicates += 1
            loser.conflicting += row[1:4] == last[1:4] and row[6:] != last[6:]


def _file(count: _Counts, folder: Path, built: date) -> DatasetFile:
    archive = count.archive
    return DatasetFile(
        name=archive.dataset,
        file=archive.path.relative_to(folder).as_posix(),
        sha256=count.sha256,
        members=len(archive.members),
        members_skipped=count.members_skipped,
        documents=count.documents,
        organisations=count.organisations,
        persons_skipped=count.persons,
        rejected=count.rejected,
        duplicates=count.duplicates,
        conflicting=count.conflicting,
        data_on=count.data_on or None,
        published=_number(archive.published) or count.dated or None,
        built=_number(built),
    )


def _number(day: date | None) -> int:
    return 0 if day is None else day.year * 10_000 + day.month * 100 + day.day
