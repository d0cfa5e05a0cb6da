"""Service shown in the documentation: a real server, asked by several clients at once."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
import requests
from tests.conftest import ROOT

from abcxyz import analyze
from abcxyz.demo import demo_sales

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")


def service() -> ModuleType:
    """Load the module from the documentation."""
    path = ROOT / "docs" / "examples" / "service" / "service.py"
    spec = importlib.util.spec_from_file_location("abcxyz_service", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["abcxyz_service"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the running service."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service().app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=60)
    assert not thread.is_alive()


def question(seed: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of a request, and the segments expected."""
    sales = demo_sales(seed=seed, customers=15).transactions
    columns = (sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist())
    rows = [
        {"customer": who, "day": str(day), "amount": amount}
        for who, day, amount in zip(*columns, strict=True)
    ]
    frame = analyze(sales, as_of="2026-11-01").to_frame()
    expected = dict(zip(frame["customer"].tolist(), frame["segment"].tolist(), strict=True))
    return {"sales": rows, "as_of": "2026-11-01"}, expected


def test_clients_at_once_get_their_own_answers(address: str) -> None:
    questions = [question(seed) for seed in range(4)]

    def ask(body: dict[str, Any]) -> dict[str, str]:
        answer = requests.post(f"{address}/segments", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return {one["customer"]: one["segment"] for one in answer.json()["customers"]}

    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(ask, [body for body, _ in questions]))
    assert answers == [expected for _, expected in questions]


def test_what_cannot_be_used_is_named(address: str) -> None:
    body, _ = question(0)
    for wrong, message in (
        ({**body, "period": "12Q4"}, "period"),
        ({**body, "sales": [{**body["sales"][0], "amount": "many"}]}, "amount"),
        ({**body, "sales": []}, "sales"),
    ):
        answer = requests.post(f"{address}/segments", json=wrong, timeout=60)
        assert answer.status_code == 422
        assert message in answer.text


def test_the_types_are_published(address: str) -> None:
    schemas = requests.get(f"{address}/openapi.json", timeout=60).json()["components"]["schemas"]
    assert {"Question", "Answer", "Customer", "Sale"} <= set(schemas)
