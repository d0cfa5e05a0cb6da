"""HTTP answers of a portal and of the proxy in front of it."""

from __future__ import annotations

import json
from typing import Any

from tests.emulators.bitrix24.errors import RefusedError

__all__ = ["HANG_UP", "PAGES", "REFUSALS", "Response", "as_json", "damaged", "page", "refusal"]

HANG_UP = ":hang-up"  # instruction for the HTTP server; never sent
Response = tuple[int, dict[str, str], bytes]
PAGES = {
    "bad_gateway": (502, "502 Bad Gateway"),
    "unavailable": (503, "503 Service Temporarily Unavailable"),
    "too_many": (429, "429 Too Many Requests"),
    "maintenance": (403, "403 Forbidden: the site is under maintenance"),
}
REFUSALS: dict[str, tuple[int, str, str]] = {
    "query_limit": (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "operation_limit": (
        429,
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit.",
    ),
    "overload": (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload"),
    "deleted": (403, "PORTAL_DELETED", "Portal was deleted"),
    "expired_token": (401, "expired_token", "The access token provided has expired"),
    "internal": (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    "unexpected": (500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"),
}
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"


def refusal(kind: str, error: tuple[int, str | int, str] | None = None) -> RefusedError:
    """Build the refusal of a fault."""
    return RefusedError(*(error or REFUSALS[kind]))


def as_json(status: int, value: Any) -> Response:
    """Encode an answer."""
    return status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode()


def page(status: int, title: str) -> Response:
    """Build the HTML page of a proxy."""
    return status, {"Content-Type": "text/html; charset=utf-8"}, _PAGE.format(title).encode()


def damaged(kind: str, answer: Response) -> Response:
    """Truncate or empty an answer, prefix a warning, or close the connection after it."""
    status, headers, body = answer
    if kind == "hang_up":
        return status, {**headers, HANG_UP: ""}, body
    if kind == "truncated":
        return status, {**headers, "Content-Length": str(len(body))}, body[: len(body) // 2]
    return (status, headers, b"") if kind == "empty" else (status, headers, b"<br />\n" + body)
