"""Emulator of DaData: both requests over loopback HTTP, a daily limit, and faults by number."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "example-key-0123456789abcdef"
FIND, SUGGEST = (f"/suggestions/api/4_1/rs/{name}/party" for name in ("findById", "suggest"))
PERSONAL = ("Примеров", "ГЕНЕРАЛЬНЫЙ", "+7 000 000-00-00", "boss@example.com")

Fault = Callable[["Handler"], None]


def record(
    inn: str,
    name: str,
    *,
    city: str = "Москва",
    region: str = "77",
    okved: str = "46.90",
    status: str = "ACTIVE",
    paid: bool = True,
    employees: object = 120,
    revenue: object = 640_000_000,
    year: int = 2025,
    kind: str = "LEGAL",
    branch: str | None = "MAIN",
    **more: Any,
) -> dict[str, Any]:
    """Return a record in the form of the service, with personal fields."""
    figures = {"tax_system": None, "income": revenue, "revenue": revenue, "year": year}
    return {
        "inn": inn,
        "type": kind,
        "branch_type": branch,
        "management": {"name": "Примеров Пример Примерович", "post": "ГЕНЕРАЛЬНЫЙ ДИРЕКТОР"},
        "founders": [{"name": "Примеров П. П."}],
        "phones": [{"value": "+7 000 000-00-00"}],
        "emails": [{"value": "boss@example.com"}],
        "name": {"short_with_opf": name, "full_with_opf": name, "short": name},
        "opf": {"code": "12300", "short": "ООО"},
        "state": {
            "status": status,
            "actuality_date": 1_795_132_800_000,
            "registration_date": 1_489_449_600_000,
        },
        "okved": okved,
        "okved_type": "2014",
        "employee_count": employees if paid else None,
        "finance": figures if paid else None,
        "address": {
            "value": f"г {city}",
            "data": {"region_kladr_id": f"{region}00000000000", "city": city},
        },
        **more,
    }


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Service

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.server.connections += 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer a request."""
        service = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with service.lock:
            service.number += 1
            fault = service.faults.pop(service.number, None)
            query = json.loads(body)
            service.queries.append(query)
        if fault is not None:
            fault(self)
        elif (
            self.headers.get("Authorization") != f"Token {KEY}" or service.today() >= service.daily
        ):
            forbidden(self)
        else:
            service.spent[service.day] = service.today() + 1
            found = service.find(query) if self.path == FIND else service.suggest(query)
            answer(self, {"suggestions": [{"value": "-", "data": one} for one in found]})


def answer(handler: Handler, content: object, status: int = 200, **headers: str) -> None:
    """Send JSON, or bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def forbidden(handler: Handler) -> None:
    """Refuse the key, and repeat it, as the service does."""
    key = handler.headers["Authorization"][6:]
    message = f"Feature 'SUGGESTIONS' disabled for token '{key}'"
    refusal = {"family": "CLIENT_ERROR", "reason": "Forbidden", "message": message}
    answer(handler, refusal, 403)


def status(code: int, **headers: str) -> Fault:
    """Fail with a status."""
    return lambda handler: answer(handler, None, code, **headers)


def body(content: bytes) -> Fault:
    """Answer with other content."""
    return lambda handler: answer(handler, content)


def cut(handler: Handler) -> None:
    """Close the connection in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"sugg')
    handler.close_connection = True


class Service(ThreadingHTTPServer):
    """The service and what it counted."""

    daemon_threads = True

    def __init__(self, *records: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.records = [*records]
        self.daily, self.day = 10_000, "one"
        self.spent: dict[str, int] = {}
        self.connections = self.number = 0
        self.queries: list[dict[str, Any]] = []
        self.faults: dict[int, Fault] = {}
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def today(self) -> int:
        """Return the number of requests of the day."""
        return self.spent.get(self.day, 0)

    def find(self, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Find by INN."""
        return [one for one in self.records if one.get("inn") == query["query"]]

    def suggest(self, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Find by a word of the name, and by the city."""
        words = re.findall(r"\w+", str(query["query"]).upper())
        cities = [one["city"] for one in query.get("locations", ())]
        return [
            one
            for one in self.records
            if any(len(word) > 3 and word[:4] in one["name"]["short_with_opf"] for word in words)
            and (not cities or one["address"]["data"]["city"] in cities)
        ][: query["count"]]


@contextmanager
def serving(*records: Mapping[str, Any]) -> Iterator[Service]:
    """Run the service."""
    with Service(*records) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
