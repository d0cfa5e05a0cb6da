"""Encoding of queries and decoding of documented and captured answers."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.emulators.bitrix24 import php

from abcxyz.errors import (
    BadDataError,
)
from abcxyz_bitrix.rest.dialect import Times, as_map, decode, query, rows_at
from abcxyz_bitrix.rest.errors import BitrixError
from abcxyz_bitrix.rest.refusals import error_class


def test_every_example_passes_the_parser(shared_spec: Path) -> None:
    """Each documented and captured answer is decoded; errors get their class."""
    seen = 0
    for path in sorted((shared_spec / "bitrix24_examples").rglob("*.json")):
        kind = path.name.split(".")[-2 if not path.name[-6].isdigit() else -3]
        if kind not in ("success", "error", "partial", "response"):
            continue
        loaded = json.loads(path.read_text(encoding="utf-8"))
        for body in loaded if isinstance(loaded, list) else [loaded]:
            if "access_token" in body or ("result" not in body and "error" not in body):
                continue
            answer = decode(json.dumps(body).encode())
            assert answer is not None, path
            Times.read(answer.get("time"))
            if "error" in answer:
                code = answer["error"]
                code = code.get("code") if isinstance(code, dict) else code
                assert issubclass(error_class(code), BitrixError)
            elif "result_time" in as_map(answer["result"]):
                for part in ("result", "result_error", "result_time"):
                    as_map(answer["result"].get(part))
            seen += 1
    assert seen > 100


def test_captured_batch_with_lost_key_is_understood(shared_spec: Path) -> None:
    """Where PHP made a list of the errors, numbers stand for the keys."""
    path = shared_spec / "bitrix24_examples/captured"
    name = "crm_get_batch_mix_success_and_errors.response.json"
    loaded = json.loads((path / name).read_text(encoding="utf-8"))
    body = loaded[0] if isinstance(loaded, list) else loaded
    assert list(as_map(body["result"]["result_error"])) == ["0", "1"]


def test_query_is_what_php_reads() -> None:
    """Brackets, Cyrillic, ampersands and quotes survive encoding and parsing by PHP."""
    text = "а&б=в+г\"'[x]%#\u202e\N{PILE OF POO}"
    params = {
        "filter": {">id": 5, "@a": [1, 2], "0": {"logic": "OR"}},
        "fields": {"t": text, "n": None, "yes": True},
    }
    assert php.parse_str(query(params)) == {
        "filter": {">id": "5", "@a": ["1", "2"], "0": {"logic": "OR"}},
        "fields": {"t": text, "n": "", "yes": "Y"},
    }


def test_money_stays_decimal() -> None:
    """An amount is decoded as an exact decimal."""
    answer = decode(b'{"result": {"opportunity": 0.1}}')
    assert answer is not None
    assert answer["result"]["opportunity"] == Decimal("0.1")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"resu', b"[]", b"1", b'{"time": {}}'])
def test_what_is_no_answer_is_not_read(body: bytes) -> None:
    """Anything that is not an object with result or error is no answer."""
    assert decode(body) is None


def test_missing_rows_are_an_error() -> None:
    """An answer without its list is an error, not an empty list."""
    with pytest.raises(BadDataError, match=r"crm\.item\.list"):
        rows_at({"other": []}, "items", "crm.item.list")
