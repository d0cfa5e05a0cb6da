"""Live page over a history of four months, served by a real server on the loopback interface."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from attrs import frozen

from abcxyz import Analysis, analyze
from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_sales
from abcxyz.history import History
from abcxyz.report.customers import Facts

TOKEN = "t" * 32
DAYS = (date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1), DEMO_AS_OF)
JOB = "demo"


@frozen
class Served:
    """A running server."""

    base: str
    history: Path
    analysis: Analysis

    @property
    def first(self) -> str:
        """Address that the command prints."""
        return f"{self.base}/?token={TOKEN}"

    def session(self) -> requests.Session:
        """A client that has opened the first address."""
        session = requests.Session()
        assert session.get(self.first, timeout=30).status_code == 200
        session.headers["Origin"] = self.base
        return session


def fill(path: Path) -> Analysis:
    """Save the demo's results of several months, and raise the alerts of the last one."""
    made = demo_sales(customers=120)
    crm = demo_crm(made)
    previous = None
    with History(path) as history:
        for day in DAYS:
            analysis = analyze(
                made.transactions,
                as_of=day,
                previous=previous,
                names=made.names,
                attributes=crm.attributes,
                facts=crm.facts,
            )
            previous = analysis.snapshot
            owners = {who: str(one.get("owner", "")) for who, one in crm.attributes.items()}
            history.save(previous, job=JOB, panel=analysis.panel, owners=owners)
        history.raise_alerts(
            analysis.alerts, DEMO_AS_OF, job=JOB, fingerprint=analysis.settings.fingerprint
        )
    return analysis


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """A filled history, to be copied, and the newest analysis in it."""
    path = tmp_path_factory.mktemp("live") / "history.db"
    return path, fill(path)


@pytest.fixture
def serve(world: tuple[Path, Analysis], tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a server over a history of its own."""
    pytest.importorskip("starlette")
    import uvicorn

    from abcxyz.dashboard.app import live_app
    from abcxyz.dashboard.archive import Archive
    from abcxyz.dashboard.data import LiveData
    from abcxyz.dashboard.pages import Look, Pages

    running: list[tuple[Any, threading.Thread]] = []

    def start(current: bool = True) -> Served:
        path, analysis = Path(shutil.copy(world[0], tmp_path / "history.db")), world[1]
        archive = Archive(path, names=analysis.names)
        facts = Facts(analysis) if current else None
        data = LiveData(archive, facts=facts, job=JOB, today=lambda: DEMO_AS_OF)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        app = live_app(Pages(data, Look(currency="₽")), token=TOKEN, port=port, lang="en")
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            threading.Event().wait(0.02)
        running.append((server, thread))
        return Served(f"http://127.0.0.1:{port}", path, analysis)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A running server."""
    return serve()
