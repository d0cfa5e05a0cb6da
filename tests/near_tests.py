"""Which tests run a line, recorded by Coverage.py, so that `tests.mutants` runs only these."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import itertools
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Generator, Mapping, Sequence
from pathlib import Path

import pytest
from attrs import asdict, frozen
from coverage import Coverage

#: Tests that take so many times longer with a change than without count as hanging.
PATIENCE = 10.0
#: Seconds that they get at least, and for the first try, without a change.
SHORTEST, LONGEST = 60.0, 3600.0
MARKS = "not slow and not browser"
#: In the names of tests that look at what the modules of a room hold, and run no line of them.
CONTENTS = "/test_records.py::"
#: Events of the interpreter by which a process is started.
_STARTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork"})


@frozen
class NearTests:
    """Tests of a room: the lines that each runs, and the seconds that each takes.

    What a process that a test starts runs is not known; *starting* names these tests.
    """

    lines: Mapping[str, Mapping[str, Sequence[str]]]
    seconds: Mapping[str, float]
    starting: Sequence[str]

    def of_module(self, path: Path) -> set[str]:
        """Return the tests that run anything of a module, or load it first."""
        found = self.lines.get(str(path.resolve()), {})
        return {test for tests in found.values() for test in tests if test}

    def of_line(self, path: Path, number: int) -> set[str]:
        """Return the tests that run the statement of a line.

        What runs when a module is loaded, such as a default value, concerns every test of it, and
        those of `CONTENTS`.
        """
        statement = _statement(path, number)
        if statement is None:
            return self.of_module(path) | {one for one in self.seconds if CONTENTS in one}
        found = self.lines.get(str(path.resolve()), {})
        return {test for one in statement for test in found.get(str(one), ()) if test}

    def quick(self, chosen: Collection[str], allowed: float) -> list[str]:
        """Return those of the chosen tests, the quick ones first, that fit into some seconds."""
        order = sorted(chosen, key=lambda one: (self.seconds[one], one))
        ends = itertools.accumulate(self.seconds[one] for one in order)
        return [one for one, end in zip(order, ends, strict=True) if end <= allowed]

    def in_stages(self, chosen: Collection[str]) -> list[set[str]]:
        """Divide tests into those of the file with the most of them, and the others.

        Most changes are noticed by the first, for which no other file is imported.
        """
        counts = Counter(one.partition("::")[0] for one in chosen)
        first = {one for one in chosen if one.partition("::")[0] == counts.most_common(1)[0][0]}
        return [first, set(chosen) - first]

    def pass_in_time(self, chosen: Collection[str]) -> bool:
        """Return whether the chosen tests pass, the quick ones first."""
        order = sorted(chosen, key=lambda one: (self.seconds[one], one))
        allowed = max(SHORTEST, PATIENCE * sum(self.seconds[one] for one in order))
        files = sorted({one.partition("::")[0] for one in order})
        return not order or _passes(files, _Selection(order), allowed)


@functools.cache
def _statements(path: Path, _changed: int) -> list[tuple[int, int]]:
    """Return first and last line of the statements inside functions, but not of their bodies."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for outer in function.body:
                for one in ast.walk(outer):
                    if isinstance(one, ast.stmt):
                        body = getattr(one, "body", None)
                        last = body[0].lineno - 1 if body else one.end_lineno or one.lineno
                        found.append((one.lineno, max(last, one.lineno)))
    return found


def _statement(path: Path, number: int) -> range | None:
    """Return the lines of the smallest statement of a function around a line."""
    around = [
        (last - first, first, last)
        for first, last in _statements(path, path.stat().st_mtime_ns)
        if first <= number <= last
    ]
    if not around:
        return None
    _, first, last = min(around)
    return range(first, last + 1)


class _Selection:
    """Plugin of pytest that keeps some tests, in an order."""

    def __init__(self, chosen: Sequence[str]) -> None:
        self._place = {one: place for place, one in enumerate(chosen)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (one for one in items if one.nodeid in self._place),
            key=lambda one: self._place[one.nodeid],
        )


class _Recorder:
    """Plugin of pytest that notes which lines of some code each test runs, and how long."""

    def __init__(self, code: Sequence[Path], scratch: Path, path: Path) -> None:
        patterns = [f"{one.resolve()}/*" if one.is_dir() else str(one.resolve()) for one in code]
        self._coverage = Coverage(data_file=str(scratch), include=patterns, config_file=False)
        self._path = path
        self._seconds: dict[str, float] = {}
        self._current = ""
        self._starting: set[str] = set()

    def pytest_sessionstart(self) -> None:
        sys.dont_write_bytecode = False  # nothing is changed yet; later runs read what is written
        sys.addaudithook(self._watch)
        self._coverage.start()

    def _watch(self, event: str, _details: object) -> None:
        if event in _STARTS and self._current:
            self._starting.add(self._current)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        begun = time.monotonic()
        self._coverage.switch_context(item.nodeid)
        self._current = item.nodeid
        try:
            return (yield)
        finally:
            self._current = ""
            self._coverage.switch_context("")
            self._seconds[item.nodeid] = time.monotonic() - begun

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            file: {str(line): tests for line, tests in data.contexts_by_lineno(file).items()}
            for file in data.measured_files()
        }
        made = NearTests(lines, self._seconds, sorted(self._starting))
        self._path.write_text(json.dumps(asdict(made)), encoding="utf-8")


def recorded(code: Sequence[Path], tests: Sequence[str], path: Path) -> NearTests:
    """Run tests once without a change, and return what they run; they have to pass.

    Tests that fail anyway would notice every change. What is in *path* is taken from there.
    """
    if not path.exists():
        scratch = path.with_suffix(".coverage")
        scratch.unlink(missing_ok=True)
        if not _passes(tests, _Recorder(code, scratch, path), LONGEST):
            path.unlink(missing_ok=True)
            named = " ".join(one for one in tests if "[" not in one)
            raise SystemExit(f"{named}: fails without a change; mend that first")
    return NearTests(**json.loads(path.read_text(encoding="utf-8")))


def _passes(tests: Sequence[str], plugin: object, seconds: float) -> bool:
    """Run tests in a forked process, and return whether they pass in time."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests, plugin))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


def _run(tests: Sequence[str], plugin: object) -> None:
    flags = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile", "quick"]
    # What is imported before the fork is not rewritten, and need not be.
    flags += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([*flags, "-m", MARKS, *tests], plugins=[plugin])
    if isinstance(plugin, _Recorder) and code:
        print(text.getvalue()[-3000:], flush=True)
    # Without the clean-up of the parent, and without waiting for threads of a broken test.
    os._exit(int(code))
