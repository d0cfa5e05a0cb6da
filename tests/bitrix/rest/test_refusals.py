"""Error codes and their classes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    RateLimitError,
    UnavailableError,
)
from abcxyz_bitrix.rest import refusals
from abcxyz_bitrix.rest.errors import BitrixError
from abcxyz_bitrix.rest.refusals import ERRORS, error_class, refusal


def test_errors_can_be_pickled() -> None:
    """An error survives pickling with its code."""
    problem = refusals.refusal("NOT_FOUND", "gone", status=400, method="crm.item.get")
    copy = pickle.loads(pickle.dumps(problem))
    assert (type(copy), copy.code, str(copy)) == (type(problem), "NOT_FOUND", str(problem))


def test_every_system_error_has_its_class(shared_spec: Path) -> None:
    """No code of the documentation's table falls to the general class."""
    table = json.loads(
        (shared_spec / "bitrix24_examples/docs/system_errors.table.json").read_text("utf-8")
    )
    assert [row["error"] for row in table if error_class(row["error"]) is BitrixError] == []


@pytest.mark.parametrize(
    ("code", "parent"),
    [("QUERY_LIMIT_EXCEEDED", RateLimitError), ("OPERATION_TIME_LIMIT", RateLimitError),
     ("OVERLOAD_LIMIT", UnavailableError), ("expired_token", AuthenticationError),
     ("insufficient_scope", AuthenticationError), ("ACCESS_DENIED", AuthenticationError),
     ("WRONG_CLIENT", AuthenticationError), ("NOT_FOUND", BadDataError), ("", BadDataError),
     (0, BadDataError), ("100", BadDataError), ("SOMETHING", AdapterError)],
)  # fmt: skip
def test_code_decides_the_class(code: object, parent: type[AdapterError]) -> None:
    """A code is mapped whatever its type and case; the HTTP status says nothing."""
    error = error_class(code)
    assert issubclass(error, parent)
    assert error_class(str(code).lower()) is error


def test_denied_object_is_not_a_denied_portal() -> None:
    """The same code is about one object with 400 or inside a batch, about all with 403."""

    def denied(status: int) -> BitrixError:
        return refusals.refusal("ACCESS_DENIED", "", status=status, method="m")

    assert [refusals.concerns_one(denied(status)) for status in (0, 400, 403)] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("error", [*ERRORS.values(), BitrixError])
def test_every_refusal_names_a_cure(error: type[BitrixError]) -> None:
    """The message of every refusal holds the method or the portal, and what to do."""
    template = error.answer_template
    assert "{method}" in template or "portal" in template
    assert ";" in template


def test_missing_scope_is_named_by_the_method() -> None:
    """A refusal for lack of a scope names the scope, also where its module has another name."""
    refused = refusal("insufficient_scope", "", status=403, method="tasks.task.add")
    assert "lacks the scope task for tasks.task.add" in str(refused)
