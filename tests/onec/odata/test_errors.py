"""Tests of error answers: JSON, XML, HTML and empty bodies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abcxyz.errors import (
    AbcxyzError,
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    UnavailableError,
)
from abcxyz_onec.odata.errors import (
    GoneError,
    RefusedError,
    failure,
)

_M = 'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, f"<m:error {_M}><m:code>9</m:code><m:message>x</m:message></m:error>", GoneError),
        (
            400,
            json.dumps({"odata.error": {"code": "14", "message": {"value": "x"}}}),
            BadDataError,
        ),
        (400, json.dumps({"odata.error": {"code": "6", "message": {"value": "x"}}}), ConfigError),
        (404, "<html>404</html>", ConfigError),
        (401, "<html>401</html>", AuthenticationError),
        (500, "<html>1C:Enterprise 8 error by reason: x</html>", UnavailableError),
        (
            500,
            json.dumps({"odata.error": {"code": "-1", "message": {"value": "x"}}}),
            RefusedError,
        ),
        (503, "", UnavailableError),
        (501, "", BadDataError),
        (405, "", BadDataError),
    ],
)
def test_shapes_of_errors(status: int, body: str, expected: type[AdapterError]) -> None:
    """Each body format becomes the error of its code, with or without a byte-order mark."""
    for mark in (b"", b"\xef\xbb\xbf"):
        assert isinstance(failure(status, mark + body.encode(), "X"), expected)


def test_every_code_of_the_table_has_an_error(shared_spec: Path) -> None:
    """Each of 1C's codes becomes an error of the library, whatever its status."""
    table = (shared_spec / "onec_examples" / "02_error_codes.tsv").read_text("utf-8")
    codes = [line.split("\t")[0] for line in table.splitlines()[1:] if line.strip()]
    assert len(codes) == 23
    for number in codes:
        body = json.dumps({"odata.error": {"code": number, "message": {"value": "x"}}}).encode()
        for status in (400, 404, 500):
            assert isinstance(failure(status, body, "X"), AbcxyzError)


_HTML = "<html><body><h2>1C:Enterprise 8 application error:</h2>{0}</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (500, _HTML.format("<b>by reason: </b><br>No space left on device"), UnavailableError,
         "No space left on device"),
        (500, "\ufeff1C:Enterprise 8 application error:\r\nпо причине:\r\nНет лицензии!",
         UnavailableError, "Нет лицензии!"),
        (400, _HTML.format("Сеанс отсутствует или удален"), UnavailableError, "Сеанс отсутствует"),
        (404, _HTML.format("по причине:<p>Не обнаружена &laquo;лицензия&raquo;"), UnavailableError,
         "Не обнаружена …"),
        (401, _HTML.format("по причине: вход с этого компьютера запрещён"), AuthenticationError,
         "вход с этого компьютера"),
        (404, "<html><head><title>404 - File not found</title></head></html>", ConfigError,
         "File not found"),
        (502, "<html><style>h1 {color: red}</style><h1>Bad Gateway</h1></html>", UnavailableError,
         "502: Bad Gateway"),
        (503, "<h1>Ведутся <b>работы</h1>", UnavailableError, "Ведутся работы"),
    ],
)  # fmt: skip
def test_the_reason_of_the_platform(
    status: int, body: str, kind: type[AdapterError], words: str
) -> None:
    """The message holds the reason that a page gives, of 1C or of the web server before it."""
    problem = failure(status, body.encode(), "X")
    assert isinstance(problem, kind)
    assert words in str(problem)
    assert "<" not in str(problem)
    assert "color" not in str(problem)
