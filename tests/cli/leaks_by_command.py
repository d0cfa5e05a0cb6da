"""Plant secrets and personal data, let commands fail in many ways, and search what they left.

    python -m tests.cli.leaks_by_command

Searched are standard output, errors, every log record at the lowest level, tracebacks of
``--debug``, and every file in the folder of the job and of temporary files.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import pickle
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

from attrs import frozen

from abcxyz.cli import main as abcxyz
from abcxyz.config import read_job
from abcxyz.demo import demo_sales
from abcxyz.pipeline.prepare import built
from abcxyz.testing import leaks
from abcxyz.toolkit.clock import SystemClock

SECRET = "Zq7-s3cr3t/ключ+Wv"
PLAIN = "zq7s3cr3tplainwv"  # for places where only letters and digits may stand
PERSON, PHONE = "Незабудкина-Personova Аглая", "+7 916 555-01-77"
JOB = """
[history]
path = "history.db"
[window]
period = "3M"
[[source]]
kind = "csv"
path = "sales.csv"
name = "name"
"""
SINK = """
[[sink]]
kind = "jsonl"
path = "out.jsonl"
"""


@frozen
class Plant:
    """An adapter with a secret, as tables of a job; ``{url}`` is the address of a server."""

    name: str
    tables: str
    environment: str

    @property
    def secret(self) -> str:
        """The secret that the environment holds."""
        return SECRET if SECRET in self.environment or "{quoted}" in self.environment else PLAIN


PLANTS = (
    Plant("SQL, password of the address",
          '[[sink]]\nkind = "sql"\nurl = { env = "PLANTED" }',
          f"postgresql+pg8000://ann:{PLAIN}@{{host}}/base"),
    Plant("SQL, parameter of the address",
          '[[sink]]\nkind = "sql"\nurl = { env = "PLANTED" }',
          f"postgresql+psycopg://ann@{{host}}/base?sslpassword={PLAIN}"),
    Plant("SQL, string of ODBC",
          '[[sink]]\nkind = "sql"\nurl = { env = "PLANTED" }',
          f"mssql+pyodbc:///?odbc_connect=SERVER%3D{{host}}%3BPWD%3D{PLAIN}%3B"),
    Plant("SQL source", '[[source]]\nkind = "sql"\ntable = "t"\nurl = { env = "PLANTED" }',
          f"postgresql+pg8000://ann:{PLAIN}@{{host}}/base"),
    Plant("webhook, path",
          '[[sink]]\nkind = "webhook"\nurl = { env = "PLANTED" }\ninsecure_loopback = true',
          f"{{url}}/hooks/{PLAIN}"),
    Plant("webhook, secret of the signature",
          '[[sink]]\nkind = "webhook"\nurl = "{url}/h"\nsecret = { env = "PLANTED" }\n'
          "insecure_loopback = true", SECRET),
    Plant("webhook, header",
          '[[sink]]\nkind = "webhook"\nurl = "{url}/h"\ninsecure_loopback = true\n'
          'headers = { Authorization = { env = "PLANTED" } }', f"Bearer {PLAIN}"),
    Plant("Bitrix24 source",
          '[[source]]\nkind = "bitrix24"\nwebhook = { env = "PLANTED" }\n'
          "insecure_loopback = true", f"{{url}}/rest/7/{PLAIN}/"),
    Plant("Bitrix24 sink",
          '[[sink]]\nkind = "bitrix24"\nwebhook = { env = "PLANTED" }\ninsecure_loopback = true\n'
          "timeline = true", f"{{url}}/rest/7/{PLAIN}/"),
    Plant("1C source",
          '[[source]]\nkind = "onec"\nurl = "{url}/base/odata/standard.odata"\nuser = "Робот"\n'
          'password = { env = "PLANTED" }\nallow_http = true', SECRET),
    Plant("CRM by SQL",
          '[crm]\nsource = "sql"\nurl = { env = "PLANTED" }\n[crm.sql]\n'
          'deals = "SELECT id AS deal, stage FROM deals"\n'
          'stages = "SELECT stage, semantics FROM stages"\n'
          'stage_changes = "SELECT deal, stage, entered FROM moves"',
          f"postgresql+pg8000://ann:{PLAIN}@{{host}}/base"),
    Plant("CRM of Bitrix24",
          '[crm]\nsource = "bitrix24"\nwebhook = { env = "PLANTED" }\n'
          'insecure_loopback = true\nzone = "Europe/Moscow"',
          f"{{url}}/rest/7/{PLAIN}/"),
    Plant("DaData",
          '[enricher]\nkind = "dadata"\ntoken = { env = "PLANTED" }\ncache = "dadata.db"\n'
          'base_url = "{url}"', PLAIN),
    Plant("notify",
          '[[sink]]\nkind = "notify"\nurl = { env = "PLANTED" }\ninsecure_loopback = true',
          f"json://ann:{PLAIN}@{{host}}/x"),
)  # fmt: skip
#: What a server does: None is a closed port; the others answer, with the request in the body.
FAULTS: dict[str, int | None] = {
    "closed": None, "refused (401)": 401, "error (500)": 500, "nonsense (200)": 200,
    "hang-up": 0,
}  # fmt: skip
COMMANDS = (
    ("check", "job.toml"),
    ("check", "job.toml", "--debug"),
    ("run", "job.toml", "--as-of", "2026-10-01"),  # so that the next run has alerts
    ("run", "job.toml", "--as-of", "2026-11-01", "--apply", "--debug"),
    ("run", "job.toml", "--as-of", "2026-11-01", "--apply", "--json"),
    ("alerts", "job.toml", "--as-of", "2026-11-01", "--debug"),
    ("crm", "funnel", "job.toml", "--debug"),
    ("crm", "all", "job.toml", "--json"),
    ("ask", "how", "many", "customers", "are", "in", "AX", "--job", "job.toml", "--debug"),
    ("forget", "C00003", "job.toml"),
    ("forget", "C00003", "job.toml", "--apply", "--debug"),
)


class _Echo(BaseHTTPRequestHandler):
    """Answer with whatever was sent, and with a person."""

    status = 200

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        sent = f"{self.path}\n{head}".encode("utf-8", "replace") + self.rfile.read(length)
        if not self.status:
            self.close_connection = True
            return
        body = b'{"error": "' + f"{PERSON} {PHONE}".encode() + b" " + sent
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_OPTIONS = do_PUT = _answer  # noqa: N815 - names of http.server

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def _host(status: int | None) -> Iterator[str]:
    """Return host and port of a server."""
    if status is None:
        yield "127.0.0.1:1"
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Echo", (_Echo,), {"status": status}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _everything_logged() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@frozen
class Trial:
    """A command under a fault, and what it left where."""

    plant: str
    fault: str
    command: str
    code: int
    secrets: tuple[str, ...]
    persons: tuple[str, ...]
    traceback: bool


def tried(plant: Plant, fault: str, command: Sequence[str], folder: Path, host: str) -> Trial:
    """Run a command, and search standard output, errors, logs and files."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _everything_logged() as logged,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(folder),
        patch.object(SystemClock, "sleep", lambda *_: None),
        patch.object(tempfile, "tempdir", str(folder)),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        try:
            code = abcxyz([*command])
        except SystemExit as end:
            code = int(end.code or 0)
    places = {
        "standard output": out.getvalue(),
        "errors": err.getvalue(),
        "log": logged.getvalue(),
    }
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in ("job.toml", "sales.csv"):
            places[file.name] = file.read_bytes().decode("utf-8", "replace")
    # Outputs name the customers; messages, logs and tracebacks do not.
    spoken = {
        place: text
        for place, text in places.items()
        if place in ("errors", "log") or "Traceback" in text
    }
    return Trial(
        plant.name,
        fault,
        " ".join(command),
        code,
        tuple(place for place, text in places.items() if leaks(text, [plant.secret])),
        tuple(place for place, text in spoken.items() if leaks(text, [PERSON, PHONE])),
        "Traceback" in err.getvalue() + out.getvalue(),
    )


def objects(folder: Path, secret: str) -> tuple[int, list[str]]:
    """Count the adapters of a job; say where the secret is in the repr or a pickle of one."""
    found = []
    with contextlib.chdir(folder), built(read_job(folder / "job.toml")) as (adapters, _):
        crm = () if adapters.crm is None else (adapters.crm,)
        parts = (*adapters.sources, *adapters.sinks, *adapters.enrichers, *crm)
        for part, made in parts:
            if leaks(repr(made) + str(made), [secret]):
                found.append(f"repr of {part.label}")
            try:
                content = pickle.dumps(made).decode("latin-1")
            except Exception as problem:  # noqa: BLE001 - it is refused, with whatever error
                if leaks(problem, [secret]):
                    found.append(f"error of {part.label}")
            else:
                if leaks(content, [secret]):
                    found.append(f"pickle of {part.label}")
    return len(parts), found


def trials(plants: Sequence[Plant], root: Path) -> Iterator[Trial]:
    """Try every command on every plant under every fault."""
    demo = demo_sales(customers=30).transactions
    names = {who: f"{PERSON} {n}" for n, who in enumerate(dict.fromkeys(demo.customer))}
    lines = ["customer,name,date,amount"]
    lines += [f"{who},{names[who]},{day},{amount}" for who, day, amount
              in zip(demo.customer, demo.day, demo.amount, strict=True)]  # fmt: skip
    for number, plant in enumerate(plants):
        for fault, status in FAULTS.items():
            if status is not None and "sql" in plant.tables:
                continue  # these servers speak no protocol of databases
            with _host(status) as host:
                folder = root / f"{number}-{fault}"
                folder.mkdir()
                (folder / "sales.csv").write_text("\n".join(lines), "utf-8")
                base = JOB if "[[source]]" not in plant.tables else JOB.partition("[[source]]")[0]
                tables = plant.tables.replace("{url}", f"http://{host}")
                (folder / "job.toml").write_text(f"{base}{tables}\n{SINK}", "utf-8")
                planted = plant.environment.replace("{url}", f"http://{host}")
                with patch.dict(os.environ, {"PLANTED": planted.replace("{host}", host)}):
                    for command in COMMANDS:
                        yield tried(plant, fault, command, folder, host)


def main() -> int:
    """Try everything, print a table, and return 1 if anything leaked."""
    bad = 0
    print("| planted | commands | ended with 0 | secrets | persons | tracebacks |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as root:
        for plant in PLANTS:
            place = Path(tempfile.mkdtemp(dir=root))
            done = list(trials([plant], place))
            leaking = [one for one in done if one.secrets or one.persons or one.traceback]
            counts = (
                *(len(done), sum(not one.code for one in done)),
                *(sum(bool(one.secrets) for one in done), sum(bool(one.persons) for one in done)),
                sum(one.traceback for one in done),
            )
            print(f"| {plant.name} | {' | '.join(map(str, counts))} |", flush=True)
            for one in leaking:
                print(one, file=sys.stderr)
            bad += len(leaking)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
