"""Kill runs, and fill disks, at seeded moments of every sink; print what was lost or doubled.

    python -m tests.pipeline.kills_by_sink --count 24

Each run is the command ``abcxyz run`` in a forked process. A moment is the number of a call of a C
function before a sink writes, while it writes, or after: calls write to files, move them, and talk
to databases and servers. After each the output is looked at, and the command runs once more.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from attrs import field, frozen
from tests.builtin.conftest import Receiver, _Handler
from tests.builtin.postgres import postgres_server
from tests.emulators.bitrix24.harness import free
from tests.emulators.bitrix24.portal import COMPANY, Portal

from abcxyz.demo import demo_sales

PHASES = ("before", "during", "after")
#: Share of the kills of a sink in each phase.
SHARES = (0.25, 0.5, 0.25)
CUSTOMERS = 60
OCTOBER, NOVEMBER = "2026-10-01", "2026-11-01"
JOB = """
[history]
path = "history.db"
[window]
period = "3M"
[[source]]
kind = "csv"
path = "../sales.csv"
"""
#: Imported before the processes are forked.
HEAVY = ("requests", "sqlalchemy", "openpyxl", "abcxyz.pipeline.runner", "abcxyz.cli",
         "abcxyz_bitrix.sink", "abcxyz.builtin.sql.sink", "abcxyz.history")  # fmt: skip


@frozen
class Order:
    """What a forked process is to do."""

    folder: Path
    day: str
    environment: Mapping[str, str] = field(factory=dict)
    phase: str = ""
    call: int = -1
    largest: int = -1


@frozen
class Course:
    """What a run did in each phase."""

    #: Calls of C functions.
    calls: Mapping[str, int]
    #: Bytes of the largest file that was written; phases that wrote none are missing.
    written: Mapping[str, int]


class Calls:
    """Count the calls of C functions in each phase, and end the process at the chosen one."""

    def __init__(self, order: Order) -> None:
        self._order, self._phase = order, ""
        self._files = _files()
        self.counts: Counter[str] = Counter()
        self.written: dict[str, int] = {}

    def enter(self, phase: str) -> None:
        """Begin a phase."""
        sys.setprofile(None)
        before, self._files = self._files, _files()
        sizes = [size for size, _ in {*self._files.values()} - {*before.values()}]
        if sizes:
            self.written[self._phase] = max(sizes)
        self._phase = phase
        order = self._order
        if order.largest >= 0 and phase == order.phase:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest, hard))
        elif phase in ("", order.phase) or (not order.phase and phase):
            sys.setprofile(self._count)

    def _count(self, _frame: object, event: str, _what: object) -> None:
        if event == "c_call":
            self.counts[self._phase] += 1
            if self.counts[self._phase] == self._order.call:
                os.kill(os.getpid(), signal.SIGKILL)


def _files() -> dict[str, tuple[int, int]]:
    """Return size and time of the files of this folder, but for what is printed."""
    states = {one.name: one.stat() for one in Path().iterdir() if one.name != "output.txt"}
    return {name: (one.st_size, one.st_mtime_ns) for name, one in states.items()}


def _child(order: Order) -> tuple[int, Course]:
    from abcxyz.cli import main
    from abcxyz.pipeline import runner

    os.environ.update(order.environment)
    os.chdir(order.folder)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    calls = Calls(order)
    write = runner._written

    def written(*words: Any) -> Any:
        calls.enter("during")
        try:
            return write(*words)
        finally:
            calls.enter("after")

    vars(runner)["_written"] = written
    calls.enter("before")
    code = main(["run", "job.toml", "--as-of", order.day, "--apply"])
    sys.setprofile(None)
    sys.stdout.flush()
    sys.stderr.flush()
    return code, Course(calls.counts, calls.written)


def _forked(order: Order) -> tuple[int, Course]:
    receive, send = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            send.send(_child(order))
        except BaseException as problem:  # noqa: BLE001 - shown by the parent
            send.send((99, Course({repr(problem): 1}, {})))
        os._exit(0)
    send.close()
    with contextlib.suppress(EOFError):
        answer: tuple[int, Course] = receive.recv()
        os.waitpid(child, 0)
        return answer
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), Course({}, {})


def fork_server() -> Connection:
    """Start a process without threads, which forks the others."""
    for name in HEAVY:
        importlib.import_module(name)
    ours, theirs = Pipe()
    if os.fork() == 0:
        ours.close()
        with contextlib.suppress(EOFError):
            while True:
                theirs.send(_forked(theirs.recv()))
        os._exit(0)
    theirs.close()
    return ours


class Target:
    """A sink in a job, and how to look at what it wrote."""

    def __init__(self, kind: str, options: str, name: str = "") -> None:
        self.kind, self.options, self.name = kind, options, name or kind
        self.environment: dict[str, str] = {}

    @contextlib.contextmanager
    def ready(self, folder: Path) -> Iterator[None]:
        """Bring the target into the state that the run of October left."""
        yield

    def after_october(self, folder: Path) -> None:
        """Remember the state that the run of October left."""

    def content(self, folder: Path) -> object:
        """Return what the sink wrote; an error where it is no whole document."""
        raise NotImplementedError

    def doubled(self) -> int:
        """Count what arrived twice."""
        return 0


class FileTarget(Target):
    """A file, compared byte by byte."""

    def content(self, folder: Path) -> object:
        """Return the bytes, of a workbook the values of its sheets."""
        path = folder / f"out.{self.kind}".replace("excel", "xlsx")
        if self.kind != "excel" or not path.exists():
            return path.read_bytes() if path.exists() else None
        import openpyxl

        with closing(openpyxl.load_workbook(path, read_only=True)) as book:
            return {sheet.title: [*sheet.iter_rows(values_only=True)] for sheet in book}


class SqliteTarget(Target):
    """A table in a file of SQLite."""

    def content(self, folder: Path) -> object:
        """Return the rows."""
        with closing(sqlite3.connect(folder / "out.db")) as base:
            return base.execute("SELECT * FROM abcxyz_segments ORDER BY 1").fetchall()


class PostgresTarget(Target):
    """A table in PostgreSQL."""

    def __init__(self, url: str) -> None:
        super().__init__("sql", 'url = { env = "BASE" }', "PostgreSQL")
        import sqlalchemy as sa

        self.environment = {"BASE": url}
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)

    def _execute(self, *statements: str) -> list[Any]:
        with self._engine.begin() as connection:
            done = [connection.exec_driver_sql(one) for one in statements]
            return [tuple(row) for row in done[-1]] if done[-1].returns_rows else []

    def after_october(self, folder: Path) -> None:
        """Copy the table."""
        self._execute(
            "DROP TABLE IF EXISTS october",
            "CREATE TABLE october (LIKE abcxyz_segments INCLUDING ALL)",
            "INSERT INTO october SELECT * FROM abcxyz_segments",
        )

    @contextlib.contextmanager
    def ready(self, folder: Path) -> Iterator[None]:
        """Take the copy of October."""
        # A connection of a killed process may hold the table for a moment; the drop waits.
        self._execute(
            "DROP TABLE IF EXISTS abcxyz_segments",
            "CREATE TABLE abcxyz_segments (LIKE october INCLUDING ALL)",
            "INSERT INTO abcxyz_segments SELECT * FROM october",
        )
        yield

    def content(self, folder: Path) -> object:
        """Return the rows."""
        return self._execute("SELECT * FROM abcxyz_segments ORDER BY 1")


class WebhookTarget(Target):
    """A receiver that accepts every document."""

    def __init__(self) -> None:
        super().__init__("webhook", 'url = { env = "URL" }\ninsecure_loopback = true')
        self._taken: list[tuple[dict[str, str], bytes]] = []

    @contextlib.contextmanager
    def ready(self, folder: Path) -> Iterator[None]:
        """Start a receiver that has got nothing yet."""
        with Receiver(("127.0.0.1", 0), _Handler) as server:
            server.plan, server.taken, server.hits = [], [], 0
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._taken = server.taken
            self.environment = {"URL": server.url}
            yield
            server.shutdown()

    def content(self, folder: Path) -> object:
        """Return the documents, each identity once: the example receiver drops repetitions."""
        return {head["webhook-id"]: body for head, body in self._taken} or None

    def doubled(self) -> int:
        """Count the documents of a second identity: a receiver would work on both."""
        return max(0, len({head["webhook-id"] for head, _ in self._taken}) - 1)


class BitrixTarget(Target):
    """An emulated portal."""

    def __init__(self) -> None:
        super().__init__(
            "bitrix24",
            'webhook = { env = "HOOK" }\ninsecure_loopback = true\nplan = "enterprise"\n'
            'timeline = true\ntasks = true\nnotify = true\nstalled_days = 0\ncustomer = "company"',
            "Bitrix24",
        )
        self._portal = Portal(limits=free())

    @contextlib.contextmanager
    def ready(self, folder: Path) -> Iterator[None]:
        """Serve a portal with nothing but the companies."""
        self._portal = Portal(limits=free(), keep=False)
        for number in range(CUSTOMERS):
            self._portal.add_company(f"{number}")
        with self._portal.serve() as server:
            self.environment = {"HOOK": server.webhook}
            yield

    def _texts(self) -> list[tuple[str, str]]:
        """Return the way and the text of every alert that was written."""
        ways = {"comments": "COMMENT", "tasks": "DESCRIPTION", "notifications": "MESSAGE"}
        return [
            (name, str(row[key]))
            for name, key in ways.items()
            for row in self._portal.state.stores[name].rows.values()
        ]

    def content(self, folder: Path) -> object:
        """Return the segments of the cards and the texts of the alerts."""
        rows = self._portal.state.tables[COMPANY].rows
        cards = {number: row.get("ufCrmAbcxyzSegment") for number, row in rows.items()}
        return cards, sorted(set(self._texts()))

    def doubled(self) -> int:
        """Count texts that were written twice."""
        texts = self._texts()
        return len(texts) - len(set(texts))


@frozen
class Trial:
    """One kill or fault, and what it left."""

    target: str
    phase: str
    struck: bool
    half: bool
    lost: bool
    doubled: int
    code: int
    said: str = field(repr=False)

    @property
    def traceback(self) -> bool:
        """Whether it ended in anything but a message of ours."""
        return "Traceback" in self.said or "should not have happened" in self.said


class Trials:
    """Try one target."""

    def __init__(self, target: Target, folder: Path, server: Connection) -> None:
        self._target, self._folder, self._server = target, folder, server
        first = folder / "october"
        first.mkdir(parents=True)
        sink = f'[[sink]]\nkind = "{target.kind}"\n{target.options}\n'
        (first / "job.toml").write_text(JOB + sink, encoding="utf-8")
        with contextlib.ExitStack() as stack:
            if not isinstance(target, PostgresTarget):
                stack.enter_context(target.ready(first))
            self._whole(first, OCTOBER)
            target.after_october(first)
        self._old, _ = self._undisturbed("old", None)
        self._new, self._course = self._undisturbed("new", NOVEMBER)
        again, _ = self._undisturbed("again", NOVEMBER)
        assert self._new == again, f"{target.name} writes something else each time"
        assert self._new != self._old

    def _whole(self, place: Path, day: str, phase: str = "none") -> Course:
        code, course = self._ask(Order(place, day, self._target.environment, phase))
        assert code == 0, (code, course, (place / "output.txt").read_text("utf-8"))
        return course

    def _ask(self, order: Order) -> tuple[int, Course]:
        self._server.send(order)
        answer: tuple[int, Course] = self._server.recv()
        return answer

    def _undisturbed(self, name: str, day: str | None) -> tuple[object, Course]:
        place = self._folder / name
        shutil.copytree(self._folder / "october", place)
        with self._target.ready(place):
            course = self._whole(place, day, "") if day else Course({}, {})
            return self._target.content(place), course

    def _is_whole(self, place: Path) -> bool:
        """Whether the output is that of October or that of November."""
        try:
            content = self._target.content(place)
        except Exception:  # noqa: BLE001 - whatever a reader of half a document raises
            return False
        if isinstance(self._target, BitrixTarget):
            return True  # card by card, each request a whole
        return content in (self._old, self._new)

    def kill(self, number: int, draw: Random) -> Trial:
        """Kill a run at a seeded call, look, and run again."""
        (phase,) = draw.choices(PHASES, SHARES)
        call = draw.randint(1, max(1, int(0.98 * self._course.calls[phase])))
        return self._tried(number, phase, call=call)

    def fill(self, number: int, draw: Random) -> Trial:
        """Let no file grow beyond a seeded size, from the begin or from the write on.

        The size is less than the phase writes to some file; what a server stores is not limited.
        """
        written = self._course.written
        phase = draw.choice([one for one in PHASES[:2] if one in written])
        return self._tried(number, phase, largest=int(0.9 * written[phase] * draw.random()))

    def _tried(self, number: int, phase: str, *, call: int = -1, largest: int = -1) -> Trial:
        place = self._folder / f"trial-{number}"
        shutil.copytree(self._folder / "october", place)
        with self._target.ready(place):
            order = Order(place, NOVEMBER, self._target.environment, phase, call, largest)
            code, _ = self._ask(order)
            said = (place / "output.txt").read_text("utf-8", "replace")
            whole = self._is_whole(place)
            self._whole(place, NOVEMBER)
            trial = Trial(
                self._target.name,
                phase,
                struck=code == -signal.SIGKILL if largest < 0 else code not in (0, 99),
                half=not whole,
                lost=self._target.content(place) != self._new,
                doubled=self._target.doubled(),
                code=code,
                said=said,
            )
        shutil.rmtree(place)
        return trial


def targets(base: str | None) -> list[Target]:
    """List the sinks; PostgreSQL where it is installed."""
    files = [
        FileTarget(kind, f'path = "out.{kind}"'.replace("excel", "xlsx"))
        for kind in ("csv", "excel", "html", "json", "jsonl")
    ]
    sqlite = SqliteTarget("sql", 'url = "sqlite:///out.db"', "SQLite")
    return [
        sqlite,
        *([] if base is None else [PostgresTarget(base)]),
        *files,
        WebhookTarget(),
        BitrixTarget(),
    ]


@contextlib.contextmanager
def _postgres() -> Iterator[str | None]:
    with contextlib.ExitStack() as stack:
        try:
            base: str | None = stack.enter_context(postgres_server())
        except pytest.skip.Exception:
            base = None
        yield base


HEADS = ("what", "sink", *PHASES, "struck", "half-written", "lost", "doubled", "tracebacks")


def line(cells: Iterable[object]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def counts(trials: Sequence[Trial]) -> tuple[int, ...]:
    """Count trials by phase, and what they left."""
    phases = Counter(one.phase for one in trials)
    return (
        *(phases[phase] for phase in PHASES),
        *(sum(one.struck for one in trials), sum(one.half for one in trials)),
        *(sum(one.lost for one in trials), sum(one.doubled for one in trials)),
        sum(one.traceback for one in trials),
    )


def main() -> int:
    """Try every sink, print two tables, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=24, help="kills of each sink")
    parser.add_argument("--faults", type=int, default=8, help="full disks of each sink")
    parser.add_argument("--seed", type=int, default=16, help="seed of the moments")
    parser.add_argument("--only", help="name of one sink")
    options = parser.parse_args()
    server = fork_server()
    tried: list[Trial] = []
    print(line(HEADS))
    print(line(["---"] * len(HEADS)))
    with tempfile.TemporaryDirectory() as root, _postgres() as base:
        for target in targets(base):
            if options.only not in (None, target.name):
                continue
            folder = Path(root, target.name)
            folder.mkdir()
            sales().to_csv(folder / "sales.csv", index=False)
            trials = Trials(target, folder, server)
            draw = Random(f"{options.seed} {target.name}")
            kills = [trials.kill(number, draw) for number in range(options.count)]
            print(line(["kill", target.name, *counts(kills)]), flush=True)
            faults = [trials.fill(1000 + number, draw) for number in range(options.faults)]
            print(line(["full disk", target.name, *counts(faults)]), flush=True)
            tried += [*kills, *faults]
    server.close()
    print(line(["all", "", *counts(tried)]))
    bad = [one for one in tried if one.half or one.lost or one.doubled or one.traceback]
    for one in bad:
        print(one, one.said, sep="\n")
    return 1 if bad else 0


def sales() -> pd.DataFrame:
    """Return the demo sales, of companies of a portal."""
    made = demo_sales(customers=CUSTOMERS).transactions
    codes = {name: f"CO_{n}" for n, name in enumerate(sorted(set(made.customer)), 1)}
    customers = [codes[one] for one in made.customer]
    return pd.DataFrame({"customer": customers, "date": made.day, "amount": made.amount})


if __name__ == "__main__":
    raise SystemExit(main())
