"""Service shown in the documentation: a real server, asked by several clients at once."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import requests
from tests.conftest import ROOT
from tests.questions import worlds

from abcxyz import analyze
from abcxyz.core.prospects.scorecard import DEFAULT
from abcxyz.demo import demo_sales
from abcxyz.questions import (
    ANSWER_SCHEMA,
    PROBLEM_SCHEMA,
    QuestionData,
    answer_question,
    available,
)
from abcxyz.tables.crm.read import read_crm

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
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A history, and a folder with the deals of a CRM."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "crm").mkdir()
    (folder / "crm" / "deals.csv").write_text(
        "deal,funnel,created,stage,amount,customer\n"
        "1,sales,2026-05-01T09:00:00+03:00,NEW,500,CO_5\n"
        "2,sales,2026-05-02T09:00:00+03:00,INVOICE,700,CO_6\n"
    )
    (folder / "crm" / "stage_changes.csv").write_text(
        "deal,stage,entered\n"
        "1,NEW,2026-05-01T09:00:00+03:00\n"
        "2,INVOICE,2026-05-02T09:00:00+03:00\n"
    )
    return worlds.history(folder / "history.db"), folder / "crm"


@pytest.fixture(scope="module")
def address(files: tuple[Path, Path]) -> Iterator[str]:
    """The address of the running service."""
    os.environ["ABCXYZ_HISTORY"], os.environ["ABCXYZ_CRM"] = map(str, files)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service().app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=60)
    del os.environ["ABCXYZ_HISTORY"], os.environ["ABCXYZ_CRM"]
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
    published = requests.get(f"{address}/openapi.json", timeout=60).json()
    assert {"Question", "Answer", "Customer", "Sale"} <= set(published["components"]["schemas"])
    answers = published["paths"]["/questions/{name}"]["post"]["responses"]
    shown = answers["200"]["content"]["application/json"]["schema"]
    assert shown["properties"] == ANSWER_SCHEMA["properties"]


def test_questions_are_answered_as_in_python(address: str, files: tuple[Path, Path]) -> None:
    data = QuestionData(history=files[0], crm=read_crm(files[1]).crm, scorecard=DEFAULT)
    listed = requests.get(f"{address}/questions", timeout=60).json()
    assert [one["name"] for one in listed] == [one.name for one in available(data)]
    for name, arguments in (
        ("matrix", {}),
        ("customer_segment", {"customer": "CO_9", "lang": "ru"}),
        ("count_deals", {"stage": "INVOICE"}),
        ("count_deals", {"stage": "INVOIC"}),
        ("risk_deals", {"min_money": 600}),
        ("score_lead", {"attributes": {"turnover": 3e9, "employees": 900}, "lang": "ru"}),
    ):
        got = requests.post(f"{address}/questions/{name}", json=arguments, timeout=60)
        assert got.status_code == 200, got.text
        jsonschema.validate(got.json(), dict(ANSWER_SCHEMA))
        assert got.json() == answer_question(name, data, arguments).to_dict()
    empty = requests.post(f"{address}/questions/matrix", timeout=60)
    assert empty.json()["status"] == "ok"


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code"),
    [
        ("count_deals", {"stgae": "NEW"}, 422, "bad_argument"),
        ("list_deals", {"cursor": "stale"}, 422, "stale_cursor"),
        ("last_activity", {"customer": "CO_5"}, 503, "unavailable"),
        ("score_lead", {"attributes": {"age": 31}}, 422, "not_allowed"),
        ("drop_tables", {}, 422, "bad_argument"),
        ("confirm", {"token": "0" * 32}, 503, "unavailable"),
    ],
)
def test_a_question_that_cannot_be_answered_has_code_message_and_fix(
    address: str, name: str, arguments: dict[str, Any], status: int, code: str
) -> None:
    got = requests.post(f"{address}/questions/{name}", json=arguments, timeout=60)
    assert got.status_code == status
    jsonschema.validate(got.json(), dict(PROBLEM_SCHEMA))
    assert got.json()["code"] == code
    russian = {"Accept-Language": "ru-RU"}
    said = requests.post(
        f"{address}/questions/{name}", json=arguments, headers=russian, timeout=60
    )
    assert re.search("[а-я]", said.json()["fix"])
