"""Seeded mutations of files, and a trial of a reader on them."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import signal
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NoReturn

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from abcxyz.errors import AbcxyzError
from abcxyz.http import Answer, Transport

#: Values of another type, size or meaning than those that a file usually has.
HOSTILE = (
    *("-1", "0", "1e999", "-1e308", "nan", "-inf", "NaN", "null", "true", "[]", "{}", "[[]]"),
    *('""', '"\\u0000"', '"\\ud800"', '"{x}"', '"{0.__class__}"', '"../../etc/passwd"', "9" * 30),
    *(
        '"%s"' % ("x" * 5000),
        "1979-05-27T07:32:00Z",
        "0x7fffffffffffffff",
        '"\u202e"',
        "2026-13-45",
    ),
)
_TOKEN = re.compile(rb'"[^"\n]*"|[\w.+-]+')
_CELLS = (
    *(None, -1, 0, 1, 2**31, 2**63 - 1, -(2**63), 1e308, float("inf"), "", "x", "\0", "[]"),
    *("9999-99-99", "0001-01-01", "[[1]]", "{}", b"\xff\xfe", "9" * 40, "\u202e", "M", "nan"),
)
_LONGEST = 20  # seconds of work for one file, after which its reader counts as hanging


def damaged(raw: bytes, draw: Random) -> bytes:
    """Change, cut, repeat or insert bytes."""
    data = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        place = draw.randrange(len(data) or 1)
        match draw.randrange(6):
            case 0 if data:
                data[place] = draw.randrange(256)
            case 1:
                del data[place:]
            case 2:
                data[place:place] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9)))
            case 3:
                data[place:place] = data[place : place + draw.randrange(1, 200)]
            case 4:
                del data[place : place + draw.randrange(1, 50)]
            case _:
                data[place : place + 4] = draw.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b'"";\n'))
    return bytes(data)


def rewritten(raw: bytes, draw: Random) -> bytes:
    """Replace, drop or move words and lines of a text, so that it often stays well formed."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        tokens = [match.span() for match in _TOKEN.finditer(raw)] or [(0, 0)]
        (start, end), (from_, upto) = draw.choice(tokens), draw.choice(tokens)
        lines = raw.splitlines(keepends=True) or [b""]
        match draw.randrange(8):
            case 0 | 1 | 2:
                raw = raw[:start] + draw.choice(HOSTILE).encode() + raw[end:]
            case 3:
                raw = raw[:start] + raw[from_:upto] + raw[end:]
            case 4:
                del lines[draw.randrange(len(lines))]
                raw = b"".join(lines)
            case 5:
                lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))
                raw = b"".join(lines)
            case 6:
                draw.shuffle(lines)
                raw = b"".join(lines)
            case _:
                raw = (
                    raw[:start] + draw.choice((b"[", b"{a=")) * draw.choice((3, 5000)) + raw[end:]
                )
    return raw


def damaged_text(raw: bytes, draw: Random) -> bytes:
    """Damage a text by words or by bytes."""
    return rewritten(raw, draw) if draw.random() < 0.7 else damaged(raw, draw)


def damaged_sqlite(raw: bytes, draw: Random, scratch: Path) -> bytes:
    """Damage a SQLite file by cells, by its schema, or by bytes."""
    if draw.random() < 0.4:
        return damaged(raw, draw)
    scratch.write_bytes(raw)
    with contextlib.closing(sqlite3.connect(scratch)) as base, contextlib.suppress(sqlite3.Error):
        base.execute("PRAGMA journal_mode = DELETE")
        tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for _ in range(draw.choice((1, 1, 2, 4))):
            (table,) = draw.choice(tables)
            columns = [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
            with contextlib.suppress(sqlite3.Error):
                match draw.randrange(8):
                    case 0:
                        base.execute(f"DROP TABLE {table}")
                    case 1:
                        base.execute(
                            f"ALTER TABLE {table} DROP COLUMN {draw.choice(columns or ['x'])}"
                        )
                    case 2:
                        base.execute(f"DELETE FROM {table} WHERE random() % 2 = 0")
                    case 3:
                        base.execute(f"PRAGMA user_version = {draw.choice((0, 1, 7, 2**31 - 1))}")
                    case _:
                        base.execute(
                            f"UPDATE {table} SET {draw.choice(columns or ['x'])} = ?"
                            + draw.choice(("", " WHERE rowid = 1", " WHERE random() % 2 = 0")),
                            (draw.choice(_CELLS),),
                        )
            base.commit()
    return scratch.read_bytes()


class _HangError(BaseException):
    """A reader does not end; not an `Exception`, which the reader may catch."""


@contextlib.contextmanager
def no_hang(seconds: float = _LONGEST) -> Iterator[None]:
    """Fail where what runs inside a ``with`` statement does not end."""

    def expire(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise _HangError

    before = signal.signal(signal.SIGPROF, expire)
    # Time of this process, so that a busy machine is not taken for a hang.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def refusals(
    original: bytes,
    path: Path,
    read: Callable[[Path], object],
    *,
    damage: Callable[[bytes, Random], bytes],
    count: int,
    seed: int,
    changes: bool = False,
) -> int:
    """Read *count* damaged copies of a file; anything but an error of the library fails.

    Parameters
    ----------
    changes
        Whether the reader may change the file.

    Returns
    -------
    int
        Number of copies that were refused, each with a message, and left as they were.
    """
    refused = 0
    for number in range(seed, seed + count):
        written = damage(original, Random(f"{path.name} {number}"))
        path.write_bytes(written)
        try:
            with no_hang(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                refused += _is_refused(read, path)
        except BaseException as problem:
            problem.add_note(f"copy {number} of {path.name}")
            raise
        assert changes or path.read_bytes() == written, f"copy {number} is changed by reading"
    return refused


def _is_refused(read: Callable[[Path], object], path: Path) -> bool:
    try:
        read(path)
    except AbcxyzError as problem:
        if not str(problem):
            raise ValueError("an error without a message") from problem
        return True
    return False


def _json_values() -> st.SearchStrategy[Any]:
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from([2**80, -1, "", "0", "-1", "1e999", "2026-99-99", "0001-01-01T00:00:00"]),
        st.sampled_from(["\ud800", "N", "\0", "9" * 400, "NaN", "https://example.com/", "{x}"]),
    )
    keys = st.text(max_size=4) | st.sampled_from(["id", "error", "next", "result", "value"])
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=6,
    )


def _nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a JSON value as a container and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from _nodes(inner)


def _damaged_body(body: bytes, place: int, value: Any, raw: bytes | None) -> bytes:
    if raw is None:
        try:
            data = {"": json.loads(body.decode("utf-8-sig"))}
        except ValueError:
            raw = b""  # metadata in XML: only bytes are damaged
        else:
            nodes = list(_nodes(data))
            container, key = nodes[place % len(nodes)]
            container[key] = value
            return json.dumps(data[""]).encode("utf-8", "surrogatepass")
    place %= len(body) or 1
    return body[:place] + raw + (body[place + len(raw) + 1 :] if place % 3 else b"")


@contextlib.contextmanager
def _answers(change: Callable[[int, Answer], Answer]) -> Iterator[None]:
    """Change the answers of servers, each by its number in the order of the requests."""
    number = itertools.count()
    send = Transport.send

    def changed(self: Transport, *words: Any, **options: Any) -> Answer:
        return change(next(number), send(self, *words, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "send", changed)
        yield


@contextlib.contextmanager
def _each_asked_once() -> Iterator[None]:
    """Repeat the answer to a request that was sent before: reading changes no server."""
    known: dict[str, Answer] = {}
    send = Transport.send

    def remembered(self: Transport, *words: Any, **options: Any) -> Answer:
        asked = repr((words, options))
        if asked not in known:
            known[asked] = send(self, *words, **options)
        return known[asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "send", remembered)
        yield


def try_answers(read: Callable[[], object], count: int) -> int:
    """Read from a server whose answers are damaged; anything but an error of ours fails.

    One answer is damaged, any of those that a reading takes, or all from it on.

    Parameters
    ----------
    read
        Reads from a server of the tests, which it does not change.
    count
        Number of readings.

    Returns
    -------
    int
        How many of them ended in an error of ours.
    """
    refused = 0
    seen: set[int] = set()

    def check(first: int, place: int, value: Any, raw: bytes | None, lasting: bool) -> None:
        nonlocal refused

        def damage(number: int, answer: Answer) -> Answer:
            if number == first or (lasting and number > first):
                return evolve(answer, body=_damaged_body(answer.body, place, value, raw))
            return answer

        with no_hang(), warnings.catch_warnings(), _answers(damage):
            warnings.simplefilter("ignore")
            try:
                read()
            except AbcxyzError as problem:
                if not str(problem):
                    raise ValueError("an error without a message") from problem
                refused += 1

    def noted(number: int, answer: Answer) -> Answer:
        seen.add(number)
        return answer

    with _each_asked_once():
        with _answers(noted):
            read()
        given(
            st.integers(0, len(seen) - 1),
            st.integers(0, 1 << 20),
            _json_values(),
            st.none() | st.none() | st.binary(max_size=40),
            st.booleans(),
        )(
            settings(
                max_examples=count,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # shrinking would read from the server for minutes
                suppress_health_check=list(HealthCheck),
            )(check)
        )()
    return refused
