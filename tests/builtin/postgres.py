"""PostgreSQL for tests: started on loopback, with a password, and removed at the end."""

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

PASSWORD = "pg-s3cr3t"


def _program(name: str) -> str | None:
    """Path of a PostgreSQL program, in Debian's folder too."""
    result = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(result[-1]) if result else shutil.which(name)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start PostgreSQL on loopback and return its database URL."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("pg8000")
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user: str | None = None
    if os.geteuid() == 0:
        user = someone("postgres", "nobody")
    folder = Path(tempfile.mkdtemp(prefix="abcxyz-pg-"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if user is not None:
        for path in (folder, secret):
            shutil.chown(path, user)
    data = folder / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [initdb, "-D", data, "-U", "ann", "--pwfile", secret, "-A", "scram-sha-256", "-N"],
        user=user,
        env=environment,
        check=True,
        capture_output=True,
        cwd=folder,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("-c", "unix_socket_directories=", "-c", "fsync=off", "-p", str(port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-D", data, "-h", "127.0.0.1", *options],
            user=user,
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    url = f"postgresql+pg8000://ann:{PASSWORD}@127.0.0.1:{port}/postgres"
    try:
        awaited(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def someone(*users: str) -> str:
    """Return the first user that exists: a database refuses to run as root."""
    user = next((one for one in users if _exists(one)), None)
    if user is None:
        pytest.skip("a database does not run as root, and there is nobody else")
    return user


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def awaited(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the database takes connections."""
    import time

    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for _ in range(300):
        assert process.poll() is None, "the server stopped at once"
        try:
            engine.connect().close()
        except sa.exc.SQLAlchemyError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")
