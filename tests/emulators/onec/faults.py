"""Faults of the emulated base, to be queued."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

__all__ = ["FAULTS", "Fault"]


@frozen
class Fault:
    """One bad answer.

    *when* is a part of ``METHOD path`` (decoded) that the request must contain; *commit* applies a
    write before the answer is lost; *cut* sends only so many bytes of the correct answer; *reset*
    closes the connection without an answer; *then* is called first, as another user's change.
    """

    when: str = ""
    times: int = 1
    status: int = 0
    kind: str = "text/html; charset=utf-8"
    body: bytes = b""
    delay: float = 0.0
    reset: bool = False
    cut: int = 0
    commit: bool = False
    then: Callable[[], object] | None = None


_HTML = "<html><body><h1>{0}</h1></body></html>"
_APP = (
    '{"#exception": "x", "exception": {"reason": 403, "descr": "outer", '
    '"inner": {"descr": "Начало сеанса с информационной базой запрещено."}}}'
)
_PLATFORM = _HTML.format("1C:Enterprise 8 application error: Ошибка по причине: сеанс завершен")
_TAGGED = "<html><h2>1C:Enterprise 8 application error:</h2><b>by reason: </b><br>{0}</html>"
_TEXT = "\ufeff1C:Enterprise 8 application error:\r\nпо причине:\r\n{0}"

FAULTS = {
    "maintenance": Fault(status=200, body=_HTML.format("Ведутся работы").encode()),
    "forbidden": Fault(status=403, kind="application/json", body=b"\xef\xbb\xbf" + _APP.encode()),
    "platform": Fault(status=500, body=_PLATFORM.encode()),
    "no_space": Fault(status=500, body=_TAGGED.format("No space left on device").encode()),
    "dead_session": Fault(status=400, body=_TAGGED.format("Сеанс отсутствует").encode()),
    "no_licence": Fault(
        status=404, kind="text/plain", body=_TEXT.format("Не обнаружена лицензия").encode()
    ),
    "busy": Fault(status=503, body=_HTML.format("Service Unavailable").encode()),
    "gateway": Fault(status=502, body=_HTML.format("Bad Gateway").encode()),
    "timeout": Fault(status=504, body=_HTML.format("Gateway Timeout").encode()),
    "reset_before": Fault(reset=True),
    "reset_after": Fault(reset=True, commit=True),
    "truncated": Fault(cut=9),
}
