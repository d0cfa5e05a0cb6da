"""Outermost guard of the commands: redaction, escapes, signals, unexpected failures."""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import signal
import stat
import subprocess
import sys
import warnings
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from abcxyz.cli import main
from abcxyz.errors import AbcxyzWarning
from abcxyz.history import History
from abcxyz.registry import Registry, bundled
from abcxyz.testing import make_analysis

EMPTY = "{name} is empty; pass at least one customer"
TOKEN = "t0ken-s3cr3t"
JOB = """
[history]
path = "history.db"
[[source]]
kind = "csv"
path = "sales.csv"
[enricher]
kind = "stranger"
token = { env = "STRANGER_TOKEN" }
[[sink]]
kind = "jsonl"
path = "out.jsonl"
"""


class Stranger:
    """Enricher that fails with its token in the message."""

    def __init__(self, *, token: str) -> None:
        self._token = token

    def customers(self, _ids: object) -> object:
        raise RuntimeError(f"GET /{self._token}\x1b[2J\nforged line")

    def prospects(self) -> object:
        raise RuntimeError(self._token)


def with_stranger(monkeypatch: pytest.MonkeyPatch, stranger: type) -> None:
    """Install an enricher for this process."""
    from abcxyz.binding import Adapter, Plugin

    known = bundled()
    adapter = Adapter("stranger", "enricher", stranger, Plugin("stranger"))
    registry = Registry({**known.adapters, ("enricher", "stranger"): adapter})
    monkeypatch.setattr("abcxyz.pipeline.prepare.load", lambda **_: registry)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Job whose enricher is a stranger's."""
    lines = [f"c{n % 9},2026-{month:02d}-1{n % 3},{n + 1}" for month in range(1, 11)
             for n in range(18)]  # fmt: skip
    (tmp_path / "sales.csv").write_text("\n".join(["customer,date,amount", *lines]), "utf-8")
    (tmp_path / "job.toml").write_text(JOB, "utf-8")
    monkeypatch.setenv("STRANGER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("lang", "question", "sentence"),
    [
        ("en", "the matrix", "abcxyz: the last sale is of "),
        ("ru", "матрица", "abcxyz: последняя продажа — "),
    ],
)
def test_a_warning_is_a_sentence_without_the_line_of_the_code(
    folder: Path, capsys: pytest.CaptureFixture[str], lang: str, question: str, sentence: str
) -> None:
    """A command that only reads a job says what is wrong with the sales as others do."""
    days = [date.today() - timedelta(days=200 + 5 * n) for n in range(36)]  # noqa: DTZ011
    lines = [f"c{n % 9},{day},{n + 1}" for n, day in enumerate(days)]
    (folder / "sales.csv").write_text("\n".join(["customer,date,amount", *lines]), "utf-8")
    job = JOB[: JOB.index("[enricher]")]
    (folder / "job.toml").write_text(job, "utf-8")
    assert 0 == main(["ask", question, "--job", "job.toml", "--lang", lang])
    err = capsys.readouterr().err
    assert sentence in err
    assert ".py:" not in err


@pytest.mark.usefixtures("folder")
def test_a_warning_of_a_plugins_command_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also in the language that a command has from its job, and of another library."""

    def run(args: argparse.Namespace) -> int:
        args.lang = "ru"
        warnings.warn(AbcxyzWarning(EMPTY, name="x"), stacklevel=1)
        warnings.simplefilter("default", UserWarning)  # as it is outside of tests
        warnings.warn("of another library\x1b[2J", UserWarning, stacklevel=1)
        return 0

    command = SimpleNamespace(HELP="warn", run=run, add_arguments=lambda parser: None)
    monkeypatch.setattr("abcxyz.registry.load_commands", lambda *_: {"stranger": command})
    before = warnings.showwarning
    assert 0 == main(["stranger"])
    err = capsys.readouterr().err
    assert [
        "abcxyz: x: пусто; передайте хотя бы одного клиента",
        "abcxyz: of another library\\u001b[2J",
    ] == err.splitlines()
    assert before is warnings.showwarning


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["run", "alerts"])
def test_a_strangers_failure_is_one_line_without_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """The failure of a plugin shows no traceback, no token and no control character."""
    with_stranger(monkeypatch, Stranger)
    assert 3 == main([command, "job.toml", "--as-of", "2026-11-01"])
    out, err = capsys.readouterr()
    shown = out + err
    assert "Traceback" not in shown
    assert TOKEN not in shown
    assert "\x1b" not in shown
    assert not any(line.startswith("forged") for line in shown.splitlines())


@pytest.mark.usefixtures("folder")
def test_debug_writes_a_private_redacted_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A failure that nobody expected is one line with 1; --debug writes the traceback."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    class Unpleasant(Stranger):
        def __init__(self, *, token: str) -> None:
            super().__init__(token=token)

        def close(self) -> None:
            raise LookupError(f"lost {self._token}")

    with_stranger(monkeypatch, Unpleasant)
    command = ["check", "job.toml"]
    assert 1 == main(command)
    out, err = capsys.readouterr()
    assert err.startswith("abcxyz: this should not have happened (LookupError: lost ***)")
    assert 1 == len(err.splitlines())
    assert 1 == main([*command, "--debug"])
    out, err = capsys.readouterr()
    written = re.search(r"the traceback is in (\S+)", err)
    assert written is not None
    file = Path(written[1])
    assert "Traceback" in file.read_text("utf-8")
    assert TOKEN not in file.read_text("utf-8") + out + err
    if os.name == "posix":
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_nothing_hidden_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escape codes, line ends and marks of direction are shown escaped, from any source."""
    hostile = "x\x1b]0;owned\x07\u202egnp\x9b2J\u2028y"
    file = tmp_path / "sales.csv"
    rows = "\n".join(f"{hostile}{n},2026-0{m}-05,{n + m}" for n in range(6) for m in range(1, 9))
    file.write_text(f"{hostile},date,amount\n{rows}\n", "utf-8")
    shown = ""
    for command in (
        ("classify", str(file), "--customer", hostile, "--as-of", "2026-09-01", "--json"),
        ("classify", str(file), "--customer", hostile + "?"),
        ("inspect", str(file)),
        ("classify", str(tmp_path / hostile)),
        ("run", str(tmp_path / f"{hostile}.toml")),
    ):
        main(command)
        captured = capsys.readouterr()
        shown += captured.out + captured.err
    assert not set(shown) & set("\x1b\x07\u202e\x9b\u2028\r")
    assert r"\u202e" in shown


STOPPED = """
import functools, importlib, sys, time
from abcxyz.cli import main
from abcxyz.errors import AbcxyzWarning
def wait(*_, **__):
    print("reading", file=sys.stderr, flush=True)
    try:
        time.sleep(60)
    except BaseException:
        raise ValueError("not a regular table") from None
module = importlib.import_module("abcxyz.tables.analyze_file")
module.analyze_file = functools.wraps(module.analyze_file)(wait)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_with_its_code(folder: Path, number: int, code: int) -> None:
    """Also where a library made an error of its own of the interrupt."""
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, "classify", "sales.csv", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "reading" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert code == process.returncode
    assert "regular table" not in err
    line = "stopped; files already written are whole, the others are not written"
    assert f"abcxyz: {line}\n" == err
    assert (code, line) == (json.loads(out)["exit_code"], json.loads(out)["error"]["message"])


LOADING = """
import os, sys

_, number, module, *sys.argv[1:] = sys.argv

class Stop:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), int(number))

sys.meta_path.insert(0, Stop())
from abcxyz.__main__ import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("module", ["abcxyz.cli", "attrs", "abcxyz.cli.parser"])
def test_a_signal_while_the_command_line_is_loading(
    folder: Path, number: int, code: int, module: str
) -> None:
    """It is told as one that comes later: no traceback, the exit code, and one line."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            LOADING,
            str(int(number)),
            module,
            "--lang",
            "ru",
            "run",
            "job.toml",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == "abcxyz: остановлено; ничего не изменено\n"
    assert not (folder / "history.db").exists()


def test_forget_counts_first_and_erases_then(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --apply nothing changes; with it the customer is in no file of the job."""
    snapshot = make_analysis(["c1-s3cr3t", "c2", "c3"]).snapshot
    with History(folder / "history.db") as history:
        history.save(snapshot)
    assert 0 == main(["forget", "c1-s3cr3t"])
    assert (
        "history.db: snapshots with the customer: 1\nnothing was erased" in capsys.readouterr().out
    )
    assert 0 == main(["history", "check", "--json"])
    assert {"file": "history.db", "problems": []} == json.loads(capsys.readouterr().out)
    assert 0 == main(["forget", "c1-s3cr3t", "--apply"])
    assert capsys.readouterr().out.endswith("erased\n")
    assert 0 == main(["forget", "c1-s3cr3t", "--apply", "--lang", "ru"])
    assert "об этом клиенте ничего не хранится\n" == capsys.readouterr().out
    assert 0 == main(["history", "backup", "copy.db"])
    assert 0 == main(["history", "vacuum"])
    assert 2 == main(["history", "backup"])
    assert b"c1-s3cr3t" not in (folder / "copy.db").read_bytes()


def test_a_command_seldom_searches_for_garbage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And leaves the collector as it was."""
    file = tmp_path / "sales.csv"
    rows = [f"c{n % 50},2026-0{n % 9 + 1}-1{n % 7},{n}" for n in range(2_000)]
    file.write_text("\n".join(["customer,date,amount", *rows, ""]), "utf-8")
    usual = gc.get_threshold()
    before = sum(one["collections"] for one in gc.get_stats())
    assert main(["classify", str(file), "--as-of", "2026-11-01", "--json"]) == 0
    assert sum(one["collections"] for one in gc.get_stats()) - before < 10
    assert gc.get_threshold() == usual
    assert json.loads(capsys.readouterr().out)["customers"] == 50
