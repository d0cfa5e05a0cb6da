"""Standalone Spark cluster of separate processes on this machine: one master, two workers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PATIENCE = 120  # seconds that a Java process may take to start


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """Start a master and its workers, yield the address of the master, and end them.

    Every worker has one core, and may hold 1 GB.
    """
    with ExitStack() as running:
        master = running.enter_context(
            _process(folder, "master", ["Master", "--host", "127.0.0.1", "--port", "0"])
        )
        address = _wait(master, r"Starting Spark master at (spark://\S+)")
        options = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g"]
        options += ["--work-dir", str(folder / "work"), address]
        logs = [
            running.enter_context(_process(folder, f"worker{number}", ["Worker", *options]))
            for number in range(workers)
        ]
        for log in logs:
            _wait(log, r"(Successfully registered) with master")
        yield address


@contextmanager
def _process(folder: Path, name: str, options: Sequence[str]) -> Iterator[Path]:
    import pyspark

    home = Path(pyspark.__file__).parent
    kind, *rest = options
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind.lower()}.{kind}"]
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--webui-port", "0", *rest],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait(log: Path, pattern: str) -> str:
    """Return what a log says, as soon as it does."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        match = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))
        if match is not None:
            return match[1]
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-3000:])


def environment() -> dict[str, str]:
    """Variables for the processes: all on the loopback, with this interpreter."""
    import pyspark

    return {
        **os.environ,
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }


def submit(master: str, script: Path, *options: str) -> tuple[str, float]:
    """Run a script with ``spark-submit``; return its output and the seconds it took."""
    import pyspark

    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "700m",
        "spark.executor.cores": "1",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.showConsoleProgress": "false",
    }
    flags = [flag for name, value in settings.items() for flag in ("--conf", f"{name}={value}")]
    started = time.perf_counter()
    run = subprocess.run(
        [
            str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
            "--master",
            master,
            *flags,
            str(script),
            *options,
        ],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return run.stdout, time.perf_counter() - started
