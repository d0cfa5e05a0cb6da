"""Image, services and schedules: run where their programs are, checked by rules elsewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from abcxyz.cli import build_parser
from abcxyz.config import read_job

SCHEDULE = ROOT / "docs" / "examples" / "schedule"
SECRET = re.compile(r"(?i)(password|token|secret|api_?key)\s*[:=]\s*['\"]?\w{6,}")
OPENINGS = {"ports", "privileged", "network_mode", "pid", "ipc", "devices", "cap_add"}
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile as pairs of instruction and arguments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [
        (word.upper(), rest) for word, _, rest in (line.partition(" ") for line in lines) if word
    ]


def stages() -> list[list[tuple[str, str]]]:
    """Split the Dockerfile into its stages."""
    result: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            result.append([])
        if result:
            result[-1].append((word, rest))
    return result


def test_the_image_is_slim_and_without_root() -> None:
    """The base is pinned and slim, the user is a number, nothing is fetched or installed twice."""
    build, last = stages()
    bases = [rest.split()[0] for word, rest in (build[0], last[0])]
    assert bases[0] == bases[1]
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases[1])
    users = [rest for word, rest in last if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])
    words = [word for word, _ in last]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "ADD" not in words
    assert all("--no-cache-dir" in rest for _, rest in build if "pip install" in rest)
    assert not any("pip install" in rest or "apt-get" in rest for _, rest in last)
    (entry,) = (rest for word, rest in last if word == "ENTRYPOINT")
    assert ["abcxyz"] == json.loads(entry)
    assert not SECRET.search((ROOT / "Dockerfile").read_text())


def test_the_image_holds_what_it_copies_only() -> None:
    """All that is copied exists and is let through by .dockerignore; nothing else is."""
    allowed = (ROOT / ".dockerignore").read_text().split()
    assert "*" == allowed[0]
    copied = [name for word, rest in stages()[0] if word == "COPY" for name in rest.split()[:-1]]
    assert sorted(f"!{name}" for name in copied) == sorted(
        line for line in allowed if line.startswith("!")
    )
    assert all((ROOT / name).exists() for name in copied)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Read the services of compose.yaml."""
    yaml = pytest.importorskip("yaml")
    data = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert {one for one in data if not one.startswith("x-")} == {"services", "volumes", "secrets"}
    used = {name for one in data["services"].values() for name in one.get("secrets", ())}
    assert used == set(data["secrets"])
    services: dict[str, dict[str, Any]] = data["services"]
    return services


def test_the_services_are_closed(services: dict[str, dict[str, Any]]) -> None:
    """File systems are read-only, no port is open, no right is gained, no password is in clear."""
    assert {"job", "serve", "postgres"} == set(services)
    for name, one in services.items():
        assert one["read_only"] is True
        assert "/tmp" in one["tmpfs"]
        assert "no-new-privileges:true" in one["security_opt"]
        # Without ports, only what listens on 127.0.0.1 of the machine is on its network.
        assert ({"network_mode"} if name == "serve" else set()) == OPENINGS & set(one)
        assert not any(":latest" in one.get(key, "") for key in ("image",))
    assert re.fullmatch(r"postgres:\d+-[a-z]+", services["postgres"]["image"])
    assert {"POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD_FILE"} == set(
        services["postgres"]["environment"]
    )
    for one in (services["job"], services["serve"]):
        assert ["ALL"] == one["cap_drop"]
        assert re.fullmatch(r"\$\{\w+:-[1-9]\d+\}:\$\{\w+:-[1-9]\d+\}", one["user"])
    assert "service_healthy" == services["job"]["depends_on"]["postgres"]["condition"]


@pytest.mark.parametrize(
    "words",
    [
        ("hadolint", "Dockerfile"),
        ("compose-lint", "check", "--fail-on", "low", "--strict-config", "compose.yaml"),
    ],
    ids=lambda words: words[0],
)
def test_linters_find_nothing(words: tuple[str, ...]) -> None:
    """Those of the group lint, where they are installed; what stays has a reason."""
    program = Path(sys.executable).with_name(words[0])
    if not program.exists():
        pytest.skip(f"{words[0]} is not installed (group lint)")
    done = subprocess.run(
        [program, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def commands(services: dict[str, dict[str, Any]]) -> Iterator[list[str]]:
    """Yield the arguments of abcxyz in every recipe."""
    yield services["job"]["command"]
    service = (SCHEDULE / "segmentation.service").read_text()
    (line,) = re.findall(r"^ExecStart=\S+/abcxyz (.+)$", service, re.MULTILINE)
    yield shlex.split(line)
    (line,) = re.findall(r"&& abcxyz (.+?) >", (SCHEDULE / "crontab").read_text())
    yield shlex.split(line)
    task = ET.parse(SCHEDULE / "windows-task.xml").getroot()
    yield task.findtext(f".//{NAMESPACE}Arguments", "").split()
    for name in ("airflow_dag.py", "prefect_flow.py"):
        (options,) = re.findall(r"options = (\[.+\])", (SCHEDULE / name).read_text())
        yield ["run", "job.toml", *json.loads(options)]


def test_every_recipe_is_a_command(services: dict[str, dict[str, Any]]) -> None:
    """All of them run a job with --apply, as an object, and with a limit."""
    recipes = list(commands(services))
    assert 6 == len(recipes)
    for words in recipes:
        args = build_parser(only="run").parse_args(words)
        assert (True, True, "2h") == (args.apply, args.json, args.timeout)


def test_the_page_of_the_services(services: dict[str, dict[str, Any]]) -> None:
    """The page is that of the job, and its token is one of the secrets."""
    args = build_parser(only="serve").parse_args(services["serve"]["command"])
    assert args.job == services["job"]["command"][1]
    assert args.token_file == f"/run/secrets/{services['serve']['secrets'][0]}"
    assert services["serve"]["volumes"] == services["job"]["volumes"]


def test_the_job_of_the_services() -> None:
    """The job names the secret that the service has, and its files stand in its folder."""
    job = read_job(SCHEDULE / "job.toml")
    sql = next(part for part in job.sinks if part.kind == "sql")
    assert {"file": "/run/secrets/database_url"} == dict(sql.options["url"])
    assert job.history == SCHEDULE / "history.db"


def test_the_units_of_systemd(tmp_path: Path) -> None:
    """The system's own check accepts both, and finds no weak protection."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    units = [SCHEDULE / "segmentation.timer", SCHEDULE / "segmentation.service"]
    copies = [shutil.copy(unit, tmp_path) for unit in units]
    done = subprocess.run(
        [program, "verify", "--man=no", *map(str, copies)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [
        line
        for line in done.stderr.splitlines()
        # The program is not installed where the tests run.
        if "segmentation." in line and "is not executable" not in line
    ]
    assert [] == complaints
    assert "Persistent=true" in units[0].read_text()


def test_the_crontab() -> None:
    """One line of five fields and a command, beside settings."""
    lines = [
        line
        for line in (SCHEDULE / "crontab").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    settings = [line for line in lines if re.match(r"[A-Z]+=", line)]
    (entry,) = [line for line in lines if line not in settings]
    assert re.match(r"([\d*/,-]+ ){5}umask 077; cd ", entry)
    assert "%" not in entry


def test_the_task_of_windows() -> None:
    """The task ignores a second start, and is limited, repeated and without privileges."""
    task = ET.parse(SCHEDULE / "windows-task.xml").getroot()
    shown = {
        name: task.findtext(f".//{NAMESPACE}{name}")
        for name in ("MultipleInstancesPolicy", "RunLevel", "Count", "ExecutionTimeLimit")
    }
    assert shown == {
        "MultipleInstancesPolicy": "IgnoreNew",
        "RunLevel": "LeastPrivilege",
        "Count": "3",
        "ExecutionTimeLimit": "PT2H5M",
    }


def job_in(folder: Path, source: str = "sales.csv") -> Path:
    """Write a job and its sales."""
    rows = [f"c{n},2026-{month:02}-05,{n}00" for n in range(1, 9) for month in range(1, 11)]
    (folder / "sales.csv").write_text("\n".join(["customer,date,amount", *rows]))
    job = folder / "job.toml"
    job.write_text(
        f'[[source]]\nkind = "csv"\npath = "{source}"\n'
        '[[sink]]\nkind = "jsonl"\npath = "segments.jsonl"\n'
    )
    return job


def scheduled(code: str, job: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code that schedules, with the command of these tests."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=SCHEDULE,
        env={
            **os.environ,
            "ABCXYZ_JOB": str(job),
            "ABCXYZ_COMMAND": f"{shlex.quote(sys.executable)} -m abcxyz",
            "HOME": str(job.parent),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.mark.slow
@pytest.mark.skipif(find_spec("airflow") is None, reason="Airflow has a session of its own")
def test_airflow_runs_the_job(tmp_path: Path) -> None:
    """The DAG ends in success, and in failure without a retry for an error of the job."""
    places = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(SCHEDULE),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env={**os.environ, **places},
        check=True,
        capture_output=True,
        timeout=600,
    )
    code = "import airflow_dag; print('state:', airflow_dag.DAG.test().state)"
    done = scheduled(code, job_in(tmp_path), **places)
    assert "state: success" in done.stdout.replace("DagRunState.SUCCESS", "success"), done.stderr
    assert 8 == len((tmp_path / "segments.jsonl").read_text().splitlines())
    done = scheduled(code, job_in(tmp_path, "no.csv"), **places)
    assert "state: failed" in done.stdout.replace("DagRunState.FAILED", "failed"), done.stderr
    assert "there is no file" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(find_spec("prefect") is None, reason="Prefect has a session of its own")
def test_prefect_runs_the_job(tmp_path: Path) -> None:
    """The flow returns the numbers, and fails at once for an error of the job."""
    places = {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "0",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    }
    code = "import prefect_flow; print('result:', prefect_flow.abcxyz())"
    done = scheduled(code, job_in(tmp_path), **places)
    assert "'customers': 8" in done.stdout, done.stderr
    assert 8 == len((tmp_path / "segments.jsonl").read_text().splitlines())
    done = scheduled(code, job_in(tmp_path, "no.csv"), **places)
    assert 0 != done.returncode
    assert "there is no file" in done.stderr
    assert "Retry" not in done.stderr


def _docker() -> bool:
    program = shutil.which("docker")
    return (
        program is not None
        and not subprocess.run([program, "info"], capture_output=True, check=False).returncode
    )


@pytest.mark.slow
def test_the_image_runs_a_job(tmp_path: Path) -> None:
    """The image is built and runs a job with a read-only file system and without root."""
    if not _docker():
        pytest.skip("no Docker")
    subprocess.run(["docker", "build", "--tag", "abcxyz-test", str(ROOT)], check=True)
    job_in(tmp_path)
    tmp_path.chmod(0o777)  # the user of the container is nobody of this machine
    closed = "--rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges"
    words = (
        f"{closed} --volume {tmp_path}:/data abcxyz-test run job.toml --json --as-of 2026-11-01"
    )
    done = subprocess.run(
        ["docker", "run", *words.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    assert 8 == json.loads(done.stdout)["summary"]["customers"]


def _compose() -> list[str] | None:
    known = (["docker", "compose"], ["docker-compose"])
    return next(
        (
            words
            for words in known
            if shutil.which(words[0])
            and not subprocess.run([*words, "version"], capture_output=True).returncode
        ),
        None,
    )


def _page(token: str) -> int:
    """Ask the live page of this machine; return the status, 0 while nobody answers."""
    address = f"http://127.0.0.1:8930/?token={token}"
    # No proxy of the environment; the page puts the token into a cookie.
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(address, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code
    except OSError:
        return 0


@pytest.mark.slow
def test_the_services_run_a_job_and_show_its_page(tmp_path: Path) -> None:
    """A job of compose.yaml writes its table to PostgreSQL; the page asks for its token."""
    compose = _compose()
    if compose is None or not _docker():
        pytest.skip("no Docker with compose")
    if _page(""):
        pytest.skip("port 8930 is taken")
    written = (ROOT / "compose.yaml").read_text().replace("build: .", f"build: {ROOT}")
    (tmp_path / "compose.yaml").write_text(written)
    work, secrets = tmp_path / "work", tmp_path / "secrets"
    work.mkdir()
    secrets.mkdir()
    job_in(work)
    shutil.copy(SCHEDULE / "job.toml", work)
    password, token = uuid.uuid4().hex, uuid.uuid4().hex
    for name, secret in {
        "postgres_password": password,
        "database_url": f"postgresql://abcxyz:{password}@postgres/abcxyz",
        "page_token": token,
    }.items():
        (secrets / name).write_text(secret)
        (secrets / name).chmod(0o600)
    user = os.getuid() or 10001
    for path in (work, *work.iterdir(), *secrets.iterdir()):
        os.chown(path, user, -1)

    def run(*words: str) -> str:
        done = subprocess.run(
            [*compose, "--project-name", f"abcxyz{token[:8]}", *words],
            cwd=tmp_path,
            env={**os.environ, "ABCXYZ_UID": str(user), "ABCXYZ_GID": "10001"},
            capture_output=True,
            text=True,
        )
        assert 0 == done.returncode, done.stderr
        assert password not in done.stdout + done.stderr
        return done.stdout

    try:
        assert 8 == json.loads(run("run", "--rm", "-T", "job"))["summary"]["customers"]
        rows = "SELECT count(*), pg_typeof(max(value)) FROM abcxyz_segments"
        psql = ("psql", "--username", "abcxyz", "--tuples-only", "--no-align", "--command", rows)
        assert "8|numeric" == run("exec", "-T", "postgres", *psql).strip()
        run("up", "--detach", "serve")
        for _ in range(120):
            if _page(""):
                break
            time.sleep(1)
        assert (401, 200) == (_page(""), _page(token))
        assert token not in run("logs", "serve")
    finally:
        run("down", "--volumes", "--timeout", "20")
