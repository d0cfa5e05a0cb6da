"""MariaDB for tests: started on loopback, with a password, and removed at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.builtin.postgres import awaited, someone

PASSWORD = "my-s3cr3t"


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Start MariaDB on loopback and return its database URL."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("pymysql")
    install, server = shutil.which("mariadb-install-db"), shutil.which("mariadbd")
    if install is None or server is None:
        pytest.skip("MariaDB is not installed (Debian: apt-get install mariadb-server)")
    user = someone("mysql", "nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="abcxyz-my-"))
    if user is not None:
        shutil.chown(folder, user)
    made = f"--datadir={folder}/data"
    # Another user than that of the tests may not write where those have their temporary files.
    environment = {**os.environ, "TMPDIR": str(folder)}
    normal = "--auth-root-authentication-method=normal"
    subprocess.run(
        [install, "--no-defaults", made, normal, "--skip-test-db"],
        user=user,
        env=environment,
        check=True,
        capture_output=True,
        cwd=folder,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = folder / "first.sql"
    first.write_text(
        "CREATE DATABASE base CHARACTER SET utf8mb4;\n"
        f"CREATE USER ann@localhost IDENTIFIED BY '{PASSWORD}';\n"
        "GRANT ALL ON base.* TO ann@localhost;\n"
    )
    options = (f"--port={port}", f"--socket={folder}/socket", f"--init-file={first}")
    process = subprocess.Popen(
        [server, "--no-defaults", made, "--bind-address=127.0.0.1", *options],
        user=user,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    # As the tests write names of columns: in double quotes.
    quotes = "sql_mode=ANSI_QUOTES,STRICT_ALL_TABLES"
    url = f"mariadb+pymysql://ann:{PASSWORD}@127.0.0.1:{port}/base?charset=utf8mb4&{quotes}"
    try:
        awaited(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
