"""Commands run, check, init and plugins."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from abcxyz.cli import main
from abcxyz.cli.commands.init import job_text
from abcxyz.config import TABLES, parse_job
from abcxyz.history import History
from abcxyz.pipeline.prepare import job_lock

SECRET = "s3cr3t-token"
SHOP = '[[source]]\nkind = "shop"\n'
JSONL = '[[sink]]\nkind = "jsonl"\npath = "out.jsonl"\n'
CRM = '[[sink]]\nkind = "crm"\npath = "crm.json"\ntoken = { env = "TOKEN" }\n'
HISTORY = '[history]\npath = "history.db"\n'
#: What is said about the made-up sales, whose least unsteady third buys in one month of two.
UNSTEADY = "abcxyz: class X includes coefficients of variation up to 101%"
PLACE = ("file", "line", "key", "adapter")
RUN = ("run", "job.toml", "--as-of", "2026-11-01")


class Place:
    """Folder with a job and the test adapters installed."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self._capsys = folder, capsys
        info = folder / "packages" / "shops-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shops\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[abcxyz]\nshop = tests.pipeline.plugin\ncrm = tests.pipeline.plugin\n"
        )
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(info.parent), str(ROOT), os.environ.get("PYTHONPATH", "")]
            ).rstrip(os.pathsep),
            "TOKEN": SECRET,
        }
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TOKEN", SECRET)
        monkeypatch.syspath_prepend(info.parent)

    def job(self, text: str) -> None:
        """Write the job file."""
        (self.folder / "job.toml").write_text(text, encoding="utf-8")

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start the command line."""
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(
            [sys.executable, "-m", "abcxyz", *words],
            cwd=self.folder,
            env=self.environment,
            text=True,
            **settings,
        )

    def call(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return exit code and both outputs, free of secrets."""
        code = main(words)
        out, err = self._capsys.readouterr()
        assert SECRET not in out + err
        return code, out, err


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    """Folder of the test."""
    return Place(tmp_path, monkeypatch, capsys)


def test_run_shows_the_result_and_every_sink(place: Place) -> None:
    """Prints the matrix and what was or would be written, and exits with 0."""
    place.job(SHOP + JSONL + CRM)
    code, out, err = place.call(*RUN)
    assert 0 == code
    assert "Window: 2025-11-01 to 2026-10-31" in out
    assert "known customers: from 2024-11-01" in out
    assert "jsonl: written 20, unchanged 0, refused 0" in out
    assert "crm: would write 20, unchanged 0, refused 0" in out
    assert re.search(r"^  C0 -> [A-C][X-Z]$", out, re.MULTILINE)
    assert "Nothing was written to other systems; add --apply to write" in out
    assert not (place.folder / "crm.json").exists()
    assert [
        *("reading shop", "reading shop: 400 lines", "classifying"),
        *("writing jsonl", "looking at crm"),
    ] == [line[24:] for line in err.splitlines() if not line.startswith(UNSTEADY)]
    assert err.count(UNSTEADY) == 1


def test_run_applies(place: Place) -> None:
    """--apply writes to the remote system."""
    place.job(SHOP + CRM)
    code, out, _ = place.call(*RUN, "--apply", "--quiet")
    assert 0 == code
    assert "crm: written 20, unchanged 0, refused 0" in out
    assert (place.folder / "crm.json").exists()


def test_run_speaks_the_language_of_the_job(place: Place) -> None:
    """Results, progress and errors are in the job's language unless --lang overrides."""
    place.job(f'{SHOP}{JSONL}[report]\nlang = "ru"\n')
    _, out, err = place.call(*RUN)
    assert "jsonl: записано 20, без изменений 0, отказано 0" in out
    assert "чтение shop" in err
    assert "приоритетный клиент" in (place.folder / "out.jsonl").read_text(encoding="utf-8")
    _, out, _ = place.call(*RUN, "--lang", "en")
    assert "jsonl: written 20" in out
    assert "priority" in (place.folder / "out.jsonl").read_text(encoding="utf-8").lower()
    place.job(f'{SHOP}fails_after = 1\n{JSONL}[report]\nlang = "ru"\n')
    code, _, err = place.call(*RUN, "--quiet")
    assert 3 == code
    assert err.startswith("abcxyz: источник shop остановился после 100 строк")


def test_run_prints_one_object(place: Place) -> None:
    """--json prints only the outcome with its summary."""
    place.job(SHOP + JSONL + CRM + "refuses = 5\n" + HISTORY)
    code, out, _ = place.call(*RUN, "--json", "--apply")
    data = json.loads(out)
    assert (3, 3) == (code, data["exit_code"])
    assert ("2026-11-01", True) == (data["as_of"], data["saved"])
    jsonl, crm = data["sinks"]
    assert ("jsonl", False, 20, {}) == (
        *(jsonl["kind"], jsonl["dry_run"], jsonl["written"], jsonl["failed"]),
    )
    assert (15, 5) == (crm["written"], len(crm["failed"]))
    assert {"no card for ***"} == set(crm["failed"].values())
    assert 20 == data["summary"]["customers"]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        (SHOP + "fails_after = 1\n" + JSONL, 3, "the source shop failed after 100 lines"),
        (SHOP + CRM + 'fails = "foreign"\n', 3, "crm: the sink crm failed (KeyError:"),
        (SHOP + CRM + "refuses = 3\n", 3, "refused 3"),
        ('[[source]]\nkind = "csv"\npath = "no.csv"\n' + JSONL, 2, "no.csv; check the path"),
        ('[[source]]\nkind = "shoop"\n' + JSONL, 2, "job.toml:2: there is no source 'shoop'"),
        (SHOP + 'pause = "long"\n' + JSONL, 2, "job.toml:3: the option 'pause' of the source"),
        (SHOP + JSONL + "[window]\nperiod = 12\n", 2, "job.toml:7: period in [window] is 12"),
    ],
)
def test_run_fails_with_a_code(place: Place, text: str, code: int, expected: str) -> None:
    """Exit code 2 is for the user's errors, 3 for other systems, without a traceback."""
    place.job(text)
    actual, out, err = place.call(*RUN, "--quiet", "--apply")
    assert code == actual
    assert expected in out + err
    assert "Traceback" not in err


def test_alerts_have_a_code_of_their_own(place: Place) -> None:
    """With --alerts-exit-code new alerts exit with 10 and repeated ones with 0."""
    place.job(f"{SHOP}{JSONL}{HISTORY}[alerts]\nnear = 0.99\n")
    assert 0 == place.call(*RUN)[0]
    code, out, _ = place.call(*RUN, "--alerts-exit-code")
    assert 10 == code
    assert re.search(r"^Alerts: \d+$", out, re.MULTILINE)
    next_month = (*RUN[:3], "2026-12-01", "--alerts-exit-code")
    assert place.call(*next_month)[0] in (0, 10)


def test_a_secret_in_clear_is_warned_about(place: Place) -> None:
    """A plain-text secret gives one warning line, which does not contain it."""
    place.job(
        f"{SHOP}{CRM.replace('{ env = ' + chr(34) + 'TOKEN' + chr(34) + ' }', repr(SECRET))}"
    )
    code, _, err = place.call(*RUN, "--quiet")
    assert 0 == code
    assert (
        "abcxyz: job.toml:6: the option 'token' holds a secret in clear; whoever sees the job "
        'sees it. Write token = { env = "NAME" } instead'
    ) == err.splitlines()[0]
    assert [line[: len(UNSTEADY)] for line in err.splitlines()[1:]] == [UNSTEADY]


@pytest.mark.parametrize(
    ("text", "code", "kind", "expected"),
    [
        (SHOP + "fails_after = 1\n" + JSONL, 3, "AdapterError", (None, None, None, "shop")),
        (SHOP + 'pause = "long"\n' + JSONL, 2, "ConfigError", ("job.toml", 3, "pause", "shop")),
        (SHOP + JSONL + "[window\n", 2, "ConfigError", ("job.toml", 6, None, None)),
        (SHOP + '[[sink]]\nkind = "json1"\n', 2, "PluginError", ("job.toml", 4, None, "json1")),
    ],
)
def test_a_failed_run_prints_one_object(
    place: Place, text: str, code: int, kind: str, expected: tuple[Any, ...]
) -> None:
    """With --json stdout has one object with kind, message and place, and stderr the line."""
    place.job(text)
    actual, out, err = place.call(*RUN, "--json", "--quiet")
    data = json.loads(out)
    assert (code, code) == (actual, data["exit_code"])
    assert kind == data["error"]["kind"]
    assert expected == tuple(data["error"]["place"][key] for key in PLACE)
    assert f"abcxyz: {data['error']['message']}\n" == err


def test_a_wrong_command_line_prints_one_object(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parser's errors are in an object, too; without --json stdout stays empty."""
    for words in (["--json"], []):
        with pytest.raises(SystemExit) as ended:
            main(["run", *words])
        out, err = capsys.readouterr()
        assert 2 == ended.value.code
        assert "the following arguments are required: JOB" in err
        error = json.loads(out)["error"] if words else None
        assert (error or {"kind": None})["kind"] == ("UsageError" if words else None)
        assert bool(out) == bool(words)


def test_a_held_lock_is_an_object_with_its_code(place: Place) -> None:
    """A locked job is retryable and exits with 3."""
    place.job(SHOP + JSONL)
    with job_lock(place.folder / "job.toml"):
        code, out, _ = place.call(*RUN, "--json", "--quiet")
    data = json.loads(out)
    assert (3, 3, True) == (code, data["exit_code"], data["error"]["retryable"])
    assert ("UnavailableError", "job.toml") == (
        data["error"]["kind"],
        data["error"]["place"]["file"],
    )


def test_a_run_ends_at_its_time_limit(place: Place) -> None:
    """--timeout stops a sink that catches every exception; no later sink runs."""
    place.job(f"{SHOP}{CRM}pause = 600.0\n{JSONL}")
    code, out, err = place.call(*RUN, "--timeout", "1s", "--json", "--quiet", "--apply")
    data = json.loads(out)
    assert (124, 124, "TimeLimitError") == (code, data["exit_code"], data["error"]["kind"])
    assert "abcxyz: stopped after 1s, the limit of --timeout" in err
    assert not (place.folder / "out.jsonl").exists()
    place.job(SHOP + CRM + JSONL)
    assert 0 == place.call(*RUN, "--timeout", "10m", "--apply")[0]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert 2 == place.call(*RUN, "--timeout", "soon")[0]


def test_a_run_that_does_not_react_is_ended(place: Place) -> None:
    """A call that no signal interrupts is ended by the process itself, with object and line."""
    code = (
        "import signal, sys, time\n"
        "from abcxyz.cli.options.time_limit import time_limit\n"
        "with time_limit('0.1s', grace=0.1, last_words=lambda problem: print(problem)):\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
        "    time.sleep(600)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert 124 == done.returncode
    assert done.stdout.startswith("stopped after 0.1s")


def running(place: Place, stage: str) -> subprocess.Popen[str]:
    """Start a job and wait until a stage is reported."""
    process = place.start(*RUN, "--apply")
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            return process
    raise AssertionError(f"it never came to: {stage}")


def test_a_job_runs_once_at_a_time(place: Place) -> None:
    """A second run is refused while the first one is running."""
    place.job(f"{SHOP}pause = 60.0\n{JSONL}")
    first = running(place, "reading shop")
    code, _, err = place.call(*RUN, "--quiet")
    assert (3, "abcxyz: the job job.toml is running already; wait until it has ended\n") == (
        code,
        err,
    )
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    place.job(SHOP + JSONL)
    assert 0 == place.call(*RUN, "--quiet")[0]


def test_the_lock_falls_with_a_killed_process(place: Place) -> None:
    """A killed run releases the lock of the job."""
    place.job(f"{SHOP}pause = 60.0\n{JSONL}")
    first = running(place, "reading shop")
    first.kill()
    first.communicate(timeout=60)
    place.job(SHOP + JSONL)
    assert 0 == place.call(*RUN)[0]


@pytest.mark.parametrize(
    ("stage", "shop", "crm"), [("reading shop", 60.0, 0.0), ("writing crm", 0.0, 60.0)]
)
def test_ctrl_c_leaves_nothing_half_written(
    place: Place, stage: str, shop: float, crm: float
) -> None:
    """An interrupt leaves no partial file, is reported, and the next run works."""

    def text(shop: float, crm: float) -> str:
        return f"{SHOP}pause = {shop}\n{HISTORY}{CRM}pause = {crm}\n{JSONL}"

    place.job(text(shop, crm))
    process = running(place, stage)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert 130 == process.returncode
    line = {
        "reading shop": "stopped: reading shop; nothing was saved or written",
        "writing crm": "stopped: writing crm; sinks done: -; not done, or in part: crm, jsonl; "
        "the next run makes up for it",
    }[stage]
    assert err.endswith(f"abcxyz: {line}\n")
    assert "Traceback" not in err
    left = {path.name for path in place.folder.iterdir()} - {"packages", "job.toml"}
    assert left <= {".job.toml.lock", "history.db", "history.db-wal", "history.db-shm"}
    with History(place.folder / "history.db") as history:
        assert (0 if stage == "reading shop" else 1) == len(history.snapshots())
    place.job(text(0.0, 0.0))
    code, out, _ = place.call(*RUN, "--apply")
    assert 0 == code
    assert "crm: written 20, unchanged 0, refused 0" in out


def screen(process: subprocess.Popen[str], terminal: int) -> str:
    """Read all that a process writes to a terminal."""
    shown = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
        elif process.poll() is not None:
            break
    return shown.decode()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Pseudo-terminal: the reading and the writing end."""
    ours, theirs = pytest.importorskip("pty").openpty()
    yield ours, theirs
    os.close(ours)


def test_a_terminal_shows_progress(place: Place, terminal: tuple[int, int]) -> None:
    """A terminal shows moving stages and no log lines."""
    pytest.importorskip("rich")
    place.job(f"{SHOP}pause = 0.2\n{JSONL}")
    ours, theirs = terminal
    process = place.start(*RUN, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    shown = screen(process, ours)
    assert 0 == process.wait(60)
    assert re.search(r"reading shop .*400 lines", shown)
    assert "writing jsonl" in shown
    assert "\x1b[" in shown
    assert not re.search(r"\d\d:\d\d:\d\d,\d\d\d", shown)


def test_init_writes_a_job_that_runs(place: Place) -> None:
    """The generated job is valid and runs once the sales file exists."""
    pytest.importorskip("jinja2")
    assert 0 == place.call("init")[0]
    (place.folder / "sales.csv").write_text(
        "customer,date,amount\n" + "".join(f"c{n},2026-0{n}-05,{n}00\n" for n in range(1, 9))
    )
    code, out, _ = place.call("check", "job.toml")
    assert (0, ["source csv: ready"]) == (code, out.splitlines()[:1])
    code, out, _ = place.call("run", "job.toml", "--as-of", "2026-11-01")
    assert 0 == code
    assert (place.folder / "report.html").exists()


def test_init_leaves_what_is_there(place: Place) -> None:
    """An existing file is an error unless forced."""
    place.job("mine")
    code, _, err = place.call("init")
    assert 2 == code
    assert "job.toml is there already; choose another name, or write over it with --force" in err
    assert "mine" == (place.folder / "job.toml").read_text()
    assert 0 == place.call("init", "--force")[0]
    assert "mine" != (place.folder / "job.toml").read_text()


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_init_explains_every_key(lang: str) -> None:
    """The job explains each key of each table, ready to be uncommented."""
    text = job_text(lang)
    for name, keys in TABLES.items():
        part = re.split(rf"^(?:# )?\[+{name}\]+$", text, flags=re.MULTILINE)[1]
        part = re.split(r"^(?:# )?\[", part, flags=re.MULTILINE)[0]
        for key in keys:
            assert re.search(rf"^(# )?{key} = ", part, re.MULTILINE), f"[{name}] {key}"
    if lang == "ru":
        assert "complete periods" not in text
    parse_job(text)
    # Rules exclude each other's parameters, and the id map would be read.
    alive = re.sub(
        r"^# (?!(?:a|b|first|second|cv_decimals|id_map) )(\[|\w+ = )",
        r"\1",
        text,
        flags=re.MULTILINE,
    )
    job = parse_job(alive)
    assert job.enricher is not None
    assert "bitrix24" == job.enricher.kind


def test_check_says_who_is_not_ready(place: Place) -> None:
    """Every adapter has a line, user errors exit with 2, and nothing changes."""
    place.job(f'{SHOP}[[source]]\nkind = "csv"\npath = "no.csv"\n{JSONL}')
    code, out, _ = place.call("check", "job.toml")
    assert 2 == code
    assert [
        "source shop: ready",
        "  open",
        f"source csv: there is no file {place.folder}/no.csv; check the path",
        "sink jsonl: ready",
        f"  {place.folder}/out.jsonl",
    ] == out.splitlines()
    code, out, _ = place.call("check", "job.toml", "--json", "--lang", "ru")
    data = json.loads(out)
    assert (2, [True, False, True]) == (
        data["exit_code"],
        [one["ok"] for one in data["adapters"]],
    )
    assert f"нет файла {place.folder}/no.csv; проверьте путь" == data["adapters"][1]["problem"]
    assert not (place.folder / "out.jsonl").exists()


def test_plugins_lists_adapters_and_the_broken(place: Place) -> None:
    """Lists name, role, options, package, version and the error of a broken adapter."""
    info = place.folder / "packages" / "torn-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[abcxyz]\ntorn = no_such_module\n")
    code, out, _ = place.call("plugins")
    assert 0 == code
    assert "sink crm  (shops 1.0)\n    path: str | PathLike[str]  (required)\n" in out
    assert "    pause: float = 0.0\n" in out
    assert "broken: torn (torn 0.3): ModuleNotFoundError: No module named 'no_such_module'" in out
    data = json.loads(place.call("plugins", "--json")[1])
    [crm] = [one for one in data["adapters"] if one["name"] == "crm"]
    assert ("sink", "shops", "1.0") == (crm["role"], crm["package"], crm["version"])
    assert {
        "name": "refuses",
        "type": "int",
        "required": False,
        "secret": False,
        "default": 0,
    } in crm["options"]
    assert [
        {
            "name": "torn",
            "package": "torn",
            "version": "0.3",
            "reason": "ModuleNotFoundError: No module named 'no_such_module'",
        }
    ] == data["broken"]


def test_an_odd_date_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid date is refused before the job is read."""
    assert 2 == main(["run", "nowhere.toml", "--as-of", "yesterday"])
    assert "--as-of 'yesterday' is not a date" in capsys.readouterr().err
