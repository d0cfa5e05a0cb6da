"""Fixtures available to every test."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine must not fail a test; a failure seen once must be reproducible.
# 25 examples find nearly every mistake at once; nox -s slow tries more with "thorough".
settings.register_profile(
    "steady", deadline=None, max_examples=25, derandomize=bool(os.environ.get("CI"))
)
settings.register_profile("thorough", settings.get_profile("steady"), max_examples=200)
settings.load_profile("steady")
# For nox -s quick, on the command line: --hypothesis-profile quick.
settings.register_profile("quick", settings.get_profile("steady"), max_examples=10)

# The command line uses the system's language; tests set theirs explicitly.
os.environ["LC_ALL"] = "C.UTF-8"
# Processes that tests start would compile the whole package each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell lets what it runs in the background ignore Ctrl-C, and so would what tests stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
#: Tests, and whole files, that take more than about half a second of processor time each, by
#: measurement. Those of the compiled loops do where they are compiled first.
LONG = Path(__file__).parent / "long.txt"


def pytest_collection_finish() -> None:
    """Keep what the imports made out of garbage collections: it lives as long as the process."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ``tests/long.txt`` lists."""
    names = frozenset(LONG.read_text(encoding="utf-8").split())
    for item in items:
        file, test = item.nodeid.partition("::")[0], item.nodeid.partition("[")[0]
        if file in names or test in names:
            item.add_marker(pytest.mark.long)


def _beside(name: str) -> Path:
    """Folder of real data outside the project; tests that need it skip without it."""
    folder = Path(os.environ.get("ABCXYZ_SHARED", ROOT.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not beside this checkout (set ABCXYZ_SHARED)")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real transaction files."""
    return _beside("data")


@pytest.fixture(scope="session")
def shared_spec() -> Path:
    """Folder of protocol examples and method vectors."""
    return _beside("spec")
