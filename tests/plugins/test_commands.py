"""Commands provided by plugins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from abcxyz.cli import main

PLUGIN = """
from abcxyz.plugins import hookimpl
from abcxyz.errors import UnavailableError

HELP = "undo what the shop's sink made"

def add_arguments(parser):
    parser.add_argument("what")

def run(args):
    if args.what == "fail":
        raise UnavailableError("the shop is closed; come again")
    print(f"removed {args.what}")
    return 0

@hookimpl
def abcxyz_commands():
    import shop_plugin
    return {"shop": shop_plugin}
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """Install a plugin into a separate folder; return the environment that finds it."""
    (tmp_path / "shop_plugin.py").write_text(PLUGIN)
    info = tmp_path / "shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[abcxyz]\nshop = shop_plugin\n")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def call(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a subprocess."""
    return subprocess.run(
        [sys.executable, "-m", "abcxyz", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_plugins_command_runs(installed: dict[str, str]) -> None:
    """The command of an installed plugin runs and is in the help."""
    done = call(installed, "shop", "fields")
    assert (0, "removed fields\n") == (done.returncode, done.stdout)
    assert "undo what the shop's sink made" in call(installed, "--help").stdout


def test_a_plugins_command_fails_as_ours_do(installed: dict[str, str]) -> None:
    """Its errors give the same exit codes, without a traceback."""
    done = call(installed, "shop", "fail")
    assert (3, "abcxyz: the shop is closed; come again\n") == (done.returncode, done.stderr)


def test_an_unknown_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command is refused with the available ones."""
    with pytest.raises(SystemExit):
        main(["shopp"])
    assert "invalid choice: 'shopp'" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """A closed output pipe, as by `head`, gives no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "abcxyz", "plugins", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "" == process.stderr.read()
    process.stderr.close()
    assert 141 == process.wait(60)
