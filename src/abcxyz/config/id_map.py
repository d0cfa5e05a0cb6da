"""Id map: identifiers of a system's customers to common identifiers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from abcxyz.errors import ConfigError
from abcxyz.tables.read import decode, sniff_delimiter

__all__ = ["read_id_map"]


def read_id_map(path: Path, where: str) -> dict[str, str]:
    """Read an id map from a CSV with two columns: the id in this system, and the common one.

    Parameters
    ----------
    path
        CSV file with a header line.
    where
        Position in the job, for errors.

    Raises
    ------
    ConfigError
        The file cannot be read, a line does not have two ids, or an id is mapped twice.
    """
    try:
        text = decode(path.read_bytes(), path)
    except OSError as problem:
        raise ConfigError(
            "{where}the id map {path} cannot be read ({reason}); check the path",
            where=where,
            path=str(path),
            reason=problem.strerror or "unknown",
        ) from problem
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=sniff_delimiter(header))
    ids: dict[str, str] = {}
    for line, row in enumerate(_regular(rows, path, where), 1):
        if line == 1:  # the header
            continue
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2 or not (cells[0] and cells[1]):
            raise ConfigError(
                "{where}line {line} of the id map {path} is {row!r}; it needs two ids, that of "
                "this system and the common one",
                where=where,
                line=line,
                path=str(path),
                row=",".join(row),
            )
        if ids.setdefault(cells[0], cells[1]) != cells[1]:
            raise ConfigError(
                "{where}line {line} of the id map {path} maps {id!r} to {second!r}, and an "
                "earlier line to {first!r}; keep one",
                where=where,
                line=line,
                path=str(path),
                id=cells[0],
                first=ids[cells[0]],
                second=cells[1],
            )
    return ids


def _regular(rows: Iterator[list[str]], path: Path, where: str) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as problem:  # a field beyond the limit of the reader, a zero byte
        raise ConfigError(
            "{where}the id map {path} cannot be read ({reason}); check the quotes",
            where=where,
            path=str(path),
            reason=str(problem),
        ) from None
