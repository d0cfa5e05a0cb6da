"""Mutation test: seeded small changes of the code, each of which some near test has to notice.

Run by ``nox -s mutants``, in a copy of the project: files are changed on disk one at a time.
Cosmic Ray lists the changes; here a sample of them is drawn, tried and counted.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import importlib
import io
import multiprocessing
import os
import random
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from attrs import frozen
from cosmic_ray.commands import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

LEAST = 0.95
#: Tests of one mutant that take so many times longer than without a change count as hanging.
PATIENCE = 10.0
#: Seconds that they get at least, and for the first try, without a change.
SHORTEST, LONGEST = 60.0, 1800.0
#: What runs with every change; if nothing fails, the long tests of the last folder run too.
USUAL, LONG = "not slow and not browser and not long", "long and not slow and not browser"
#: Imported once, before the processes that try the mutants are forked.
HEAVY = ("numpy", "pandas", "requests", "scipy.stats")


@frozen
class Room:
    """Code to change, and its tests: the nearest folder or file first, then the rest."""

    code: str
    tests: tuple[str, ...]


ROOMS = {
    "core classes": Room("src/abcxyz/core/classes", ("tests/core/classes", "tests/core")),
    "core sales": Room("src/abcxyz/core/sales", ("tests/core/sales", "tests/core")),
    "core dynamics": Room("src/abcxyz/core/dynamics", ("tests/core/dynamics", "tests/core")),
    "core snapshots": Room("src/abcxyz/core/snapshots", ("tests/core/snapshots", "tests/core")),
    "core advice": Room("src/abcxyz/core/advice", ("tests/core/advice", "tests/core")),
    "anonymization": Room(
        "src/abcxyz/report/anonymization.py", ("tests/report/test_anonymization.py",)
    ),
    "http": Room("src/abcxyz/http", ("tests/http",)),
    "history": Room("src/abcxyz/history", ("tests/history", "tests/cli/test_history_commands.py")),
    "pipeline": Room("src/abcxyz/pipeline", ("tests/pipeline",)),
    "bitrix money": Room("src/abcxyz_bitrix/sales", ("tests/bitrix/sales", "tests/bitrix")),
    "1c money": Room("src/abcxyz_onec/sales", ("tests/onec/sales", "tests/onec")),
}

#: Changes that no test can notice: file, changed line -> why. They are not counted.
EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "src/abcxyz/http/transport.py",
        "read_timeout: float = 65.0,  ->  read_timeout: float = 66.0,",
    ): "a second more of patience changes nothing that is promised",
    (
        "src/abcxyz/http/transport.py",
        "largest: int = 1 << 29,  ->  largest: int = 1 << 30,",
    ): "there is a largest size; which one is not promised",
    (
        "src/abcxyz/http/transport.py",
        (
            "_PIECE = 1 << 16  # bytes of an answer read at a time  ->  "
            "_PIECE = 1 << 17  # bytes of an answer read at a time"
        ),
    ): "an answer is the same in larger pieces",
}


def skipped_places(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the places of annotations and of imports for type checkers, which never run."""
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            found.append(node.returns)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(node)
    return [
        ((one.lineno, one.col_offset), (one.end_lineno or one.lineno, one.end_col_offset or 0))
        for one in found
    ]


def mutants(room: Room, folder: Path) -> list[MutationSpec]:
    """List the changes of a room in an order that depends on the code alone."""
    whole = Path(room.code)
    files = sorted(whole.rglob("*.py")) if whole.is_dir() else [whole]
    with use_db(folder / "mutants.sqlite", WorkDB.Mode.create) as database:
        init(files, database, {})
        listed = [item.mutations[0] for item in database.work_items]
    places = {path: skipped_places(path.read_text(encoding="utf-8")) for path in files}
    return sorted(
        (
            one
            for one in listed
            if not any(a <= one.start_pos < b for a, b in places[one.module_path])
        ),
        key=lambda one: (str(one.module_path), one.start_pos, one.operator_name, one.occurrence),
    )


@functools.cache
def seconds_allowed(tests: str, marks: str) -> float:
    """Check that tests pass without any change, and return how long they may take with one.

    Tests that fail anyway would kill every mutant.
    """
    begun = time.monotonic()
    if not _passes(tests, marks, LONGEST):
        raise SystemExit(f"{tests} fails without a change; mend that first")
    return max(SHORTEST, PATIENCE * (time.monotonic() - begun))


def _passes(tests: str, marks: str, seconds: float) -> bool:
    """Run tests in a forked process, and return whether they pass in time."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests, marks))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


def _run(tests: str, marks: str) -> None:
    import pytest

    flags = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile", "quick"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([*flags, "-m", marks, tests])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:  # none of them is long
        code = pytest.ExitCode.OK
    # Without the clean-up of the parent, and without waiting for threads of a broken test.
    os._exit(int(code))


def changed_line(before: str, after: str | None) -> str:
    """Return the first line that differs, as it was and as it is."""
    if after is None:
        return ""
    for one, other in zip(before.splitlines(), after.splitlines(), strict=False):
        if one != other:
            return f"{one.strip()}  ->  {other.strip()}"
    return "lines removed or added"


@frozen
class Tried:
    """A change and its fate."""

    place: str
    line: str
    killed: bool
    equivalent: bool


def _compiles(code: str | None) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(code or "?", "mutant", "exec")
        except (SyntaxError, SyntaxWarning):
            return False
    return True


def noticed(room: Room, change: MutationSpec) -> tuple[bool, str] | None:
    """Return whether a test of the room fails with a change, and the line; None: no Python."""
    operator = get_operator(change.operator_name)(**change.operator_args)
    line = ""
    for tests, marks in (*((one, USUAL) for one in room.tests), (room.tests[-1], LONG)):
        seconds = seconds_allowed(tests, marks)
        with use_mutation(change.module_path, operator, change.occurrence) as (before, after):
            if not _compiles(after):
                return None
            line = changed_line(before, after)
            if not _passes(tests, marks, seconds):
                return True, line
    return False, line


def tried(room: Room, order: Sequence[MutationSpec]) -> Iterator[Tried]:
    """Try the changes in turn, except those that are no Python."""
    for one in order:
        answer = noticed(room, one)
        if answer is not None:
            killed, line = answer
            known = (str(one.module_path), line) in EQUIVALENT
            yield Tried(
                f"{one.module_path}:{one.start_pos[0]}", line, killed, known and not killed
            )


def main() -> int:
    """Draw a sample, try it, print the survivors and the share of the killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="changes to try in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample")
    parser.add_argument("--room", choices=ROOMS, action="append", help="only this one")
    parser.add_argument("--folder", type=Path, required=True, help="for the list of changes")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    chosen = options.room or list(ROOMS)
    draw = random.Random(options.seed)
    done: list[Tried] = []
    for name in chosen:
        room = ROOMS[name]
        order = mutants(room, options.folder)
        draw.shuffle(order)
        for one in islice(tried(room, order), -(-options.count // len(chosen))):
            fate = "killed" if one.killed else "equivalent" if one.equivalent else "SURVIVED"
            print(f"{fate:10} {name}: {one.place}: {one.line}", flush=True)
            done.append(one)
    counted = [one for one in done if not one.equivalent]
    killed = sum(one.killed for one in counted)
    share = killed / max(len(counted), 1)
    print(f"killed {killed} of {len(counted)}: {share:.0%}; equivalent {len(done) - len(counted)}")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main())
