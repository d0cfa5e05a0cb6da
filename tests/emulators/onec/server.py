"""HTTP server of the emulated base: URLs, headers, envelopes, error bodies."""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

import attrs
from attrs import define, field, frozen
from tests.emulators.onec.faults import Fault
from tests.emulators.onec.grammar import Composite, Guid, ODataError, matches, parse
from tests.emulators.onec.large import LargeStore
from tests.emulators.onec.schema import edmx
from tests.emulators.onec.store import Store

__all__ = ["Base", "Request"]

_ROOT = "/base/odata/standard.odata"
_META = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_VALUE = re.compile(
    r"(?P<name>\w+)=(?P<value>guid'[^']*'|datetime'[^']*'|'(?:[^']|'')*'|[^,]*)(?:,\s*|$)"
)


class _PageError(Exception):
    """An error page of the web server, without an answer of 1C."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@frozen
class Request:
    """A received request, and the status and size of its answer."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]
    status: int
    sent: int


@define
class Base:
    """A base of 1C, served over TCP.

    *users* maps a login to its password; those in *restricted* are subject to row-level security.
    *virtual_allowed_only* leaves hidden rows out of virtual tables, where some bases refuse them;
    *bom* puts a byte-order mark before every body; *counts* serves ``/$count``; *read_only*
    refuses writes; *logs* records requests in *log*; *cold* delays the first answer, in seconds.
    """

    store: Store
    users: dict[str, str] = field(factory=lambda: {"Робот": "пароль-7Щ"})
    restricted: set[str] = field(factory=set)
    bom: bool = False
    virtual_allowed_only: bool = True
    cold: float = 0.0
    lengths: bool = True
    counts: bool = True
    read_only: bool = False
    logs: bool = True
    faults: list[Fault] = field(factory=list)
    log: list[Request] = field(factory=list)
    port: int = 0
    lock: Any = field(factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{_ROOT}"

    @property
    def writes(self) -> list[Request]:
        return [each for each in self.log if each.method != "GET"]

    @contextmanager
    def serving(self) -> Iterator[Base]:
        """Answer on a free port until the block ends."""
        handler = type("Handler", (_Handler,), {"base": self})
        server = _Server(("127.0.0.1", 0), handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for place, each in enumerate(self.faults):
                if each.when in f"{method} {path}":
                    if each.times > 1:
                        self.faults[place] = attrs.evolve(each, times=each.times - 1)
                    else:
                        del self.faults[place]
                    return each
        return None


def _options(query: str) -> dict[str, str]:
    if "+" in query:
        raise ODataError(400, 14, "Ошибка при разборе опции запроса")
    out = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            out[unquote(name)] = unquote(value, errors="strict")
    return out


def _arguments(text: str) -> dict[str, str]:
    out = {}
    place = 0
    while place < len(text):
        condition = re.match(r"Condition='(?P<value>.*?)'(?=,\s*\w+=|$)", text[place:])
        match = condition or _VALUE.match(text, place)
        if match is None:
            raise ODataError(400, 2, "Неверный запрос")
        if condition:
            out["Condition"] = condition["value"].replace("''", "'")
            place += condition.end()
            place += len(text[place:]) - len(text[place:].lstrip(", "))
        else:
            out[match["name"]] = match["value"]
            place = match.end()
    return out


def _plain(value: str) -> str:
    match = re.fullmatch(r"(guid|datetime)?'(.*)'", value)
    return match[2].replace("''", "'") if match else value


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: tests close connections and kill clients on purpose."""


class _Handler(BaseHTTPRequestHandler):
    base: Base
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        decoded = unquote(path)
        fault = self.base.fault(self.command, decoded + "?" + unquote(query))
        with self.base.lock:
            wait, self.base.cold = self.base.cold, 0.0
        if fault and fault.then:
            with self.base.lock:
                fault.then()
        time.sleep(wait + (fault.delay if fault else 0))
        if fault and fault.reset and not fault.commit:
            self._note(body, 0, 0)
            self._reset()
            return
        if fault and fault.status:
            self._send(fault.status, fault.kind, fault.body, body)
            return
        with self.base.lock:
            status, kind, answer, extra = self._answer(decoded, query, body)
        if fault and fault.reset:
            self._note(body, status, 0)
            self._reset()
            return
        if fault and fault.cut:
            answer = answer[: fault.cut]
        if self.base.bom and answer:
            answer = b"\xef\xbb\xbf" + answer
        self._send(status, kind, answer, body, extra)

    def _note(self, body: bytes, status: int, sent: int) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not self.base.logs:
            return
        self.base.log.append(
            Request(self.command, unquote(path), query, body, headers, status, sent)
        )

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _send(
        self,
        status: int,
        kind: str,
        answer: bytes,
        body: bytes,
        extra: dict[str, str] | None = None,
    ) -> None:
        self._note(body, status, len(answer))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("DataServiceVersion", "3.0")
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _user(self) -> str:
        header = self.headers.get("Authorization", "")
        try:
            login, _, password = (
                base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            )
        except ValueError:
            login = password = ""
        if not header or self.base.users.get(login) != password:
            raise _PageError(401, "401.5 Unauthorized")
        return login

    def _answer(
        self, path: str, query: str, body: bytes
    ) -> tuple[int, str, bytes, dict[str, str]]:
        as_json = "json" in unquote(query) or "json" in self.headers.get("Accept", "")
        try:
            if any(len(part) > 260 for part in path.split("/")):
                raise _PageError(400, "Bad Request - Invalid URL")
            if len(query) > 2048:
                raise _PageError(404, "404 - File or directory not found.")
            if not path.startswith(_ROOT):
                raise _PageError(404, "404 - File or directory not found.")
            restricted = self._user() in self.base.restricted
            return self._route(path[len(_ROOT) :].strip("/"), _options(query), body, restricted)
        except _PageError as page:
            text = f"<html><body>{page.text}</body></html>".encode()
            return page.status, "text/html", text, {}
        except ODataError as fault:
            if as_json:
                message = {"code": str(fault.code), "message": {"lang": "ru", "value": str(fault)}}
                text = json.dumps({"odata.error": message}, ensure_ascii=False).encode()
                return fault.status, "application/json;charset=utf-8", text, {}
            text = (
                f'<m:error xmlns:m="{_META}"><m:code>{fault.code}</m:code>'
                f"<m:message>{escape(str(fault))}</m:message></m:error>"
            ).encode()
            return fault.status, "application/xml;charset=utf-8", text, {}

    def _route(
        self, rest: str, options: dict[str, str], body: bytes, restricted: bool
    ) -> tuple[int, str, bytes, dict[str, str]]:
        store = self.base.store
        if rest == "$batch" or self.command == "PUT":
            raise ODataError(501, 0, "Возможность не поддерживается")
        if rest == "$metadata":
            shown = [e for e in store.entities.values() if e.name not in store.unpublished]
            document = edmx(shown, store.enums, lengths=self.base.lengths)
            return 200, "application/xml", document.encode(), {}
        if not rest:
            names = [n for n in store.entities if n not in store.unpublished]
            return self._json({"value": [{"name": n, "url": n} for n in names]}, 200)
        match = re.fullmatch(
            r"(?P<set>\w+)(?:\((?P<key>.*)\))?(?:/(?P<tail>.+))?", rest, re.DOTALL
        )
        function = re.fullmatch(
            r"(?P<set>\w+)/(?P<name>[A-Za-z]+)(?:\((?P<arguments>.*)\))?", rest, re.DOTALL
        )
        if function and function["name"] in ("Turnovers", "Balance", "SliceLast", "SliceFirst"):
            arguments = _arguments(function["arguments"] or "")
            inline = ("Condition", "Dimensions", "StartPeriod", "EndPeriod", "Period")
            arguments |= {name: options[name] for name in inline if name in options}
            only = options.get("allowedOnly") == "true"
            if restricted and only and not self.base.virtual_allowed_only:
                raise ODataError(401, 20, "Недостаточно прав доступа")
            rows = self._virtual(
                function["set"], function["name"], arguments, restricted=restricted, only=only
            )
            if "$orderby" in options or "$select" in options or "$top" in options:
                rows, _ = store.query(function["set"], _shape(options), rows=rows)
            return self._json(self._envelope(options, function["set"], rows), 200)
        if match is None:
            raise ODataError(400, 6, "Сегмент пути не найден!")
        if match["tail"] == "$count" and self.base.counts:
            _, total = store.query(match["set"], options, restricted=restricted)
            return 200, "text/plain", f"\ufeff{total}".encode(), {}
        if match["tail"]:
            raise ODataError(400, 6, "Сегмент пути не найден!")
        name, key = match["set"], match["key"]
        store.published(name)
        if self.command == "GET" and key is None:
            rows, total = store.query(name, options, restricted=restricted)
            count = total if options.get("$inlinecount") == "allpages" else None
            return self._json(self._envelope(options, name, rows, count), 200)
        if self.command != "GET" and self.base.read_only:
            raise ODataError(401, 20, "Недостаточно прав доступа")
        if self.command == "POST" and key is None:
            status, row = store.insert(name, self._body(body))
            return self._json(self._single(options, name, row), status)
        if key is None:
            raise ODataError(405, 19, "Метод не поддерживается")
        identity = self._key(name, key)
        if self.command == "GET":
            row = store.find(name, identity)
            if restricted and row.get("Ref_Key") in store.hidden.get(name, ()):
                raise ODataError(401, 20, "Недостаточно прав доступа")
            return self._json(self._single(options, name, row), 200)
        if self.command == "PATCH":
            row = store.change(name, identity, self._body(body), self.headers.get("If-Match"))
            return self._json(self._single(options, name, row), 200)
        if self.command == "DELETE":
            store.remove(name, identity)
            return 204, "text/plain", b"", {}
        raise ODataError(405, 19, "Метод не поддерживается")

    def _key(self, name: str, text: str) -> dict[str, str]:
        if re.fullmatch(r"guid'[^']*'", text):
            return {"Ref_Key": _plain(text)}
        if text.startswith("'"):
            raise ODataError(400, 1, f"Не удалось разобрать строку {text}")
        return {part: _plain(value) for part, value in _arguments(text).items()}

    def _body(self, body: bytes) -> dict[str, Any]:
        try:
            fields = json.loads(body.decode("utf-8-sig"), parse_float=Decimal)
        except ValueError:
            raise ODataError(500, -1, "Непредвиденный символ при чтении JSON") from None
        if not isinstance(fields, dict):
            raise ODataError(500, -1, "Произошла внутренняя ошибка OData сервиса")
        return fields

    def _json(self, answer: Any, status: int) -> tuple[int, str, bytes, dict[str, str]]:
        text = json.dumps(answer, ensure_ascii=False, default=_number)
        return status, "application/json;charset=utf-8", text.encode(), {}

    def _envelope(
        self,
        options: dict[str, str],
        name: str,
        rows: list[dict[str, Any]],
        count: int | None = None,
    ) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if "nometadata" not in options.get("$format", ""):
            out["odata.metadata"] = f"{self.base.url}/$metadata#{name}"
        if count is not None:
            out["odata.count"] = str(count)
        return out | {"value": rows}

    def _single(self, options: dict[str, str], name: str, row: dict[str, Any]) -> dict[str, Any]:
        if "nometadata" in options.get("$format", ""):
            return row
        return {"odata.metadata": f"{self.base.url}/$metadata#{name}/@Element", **row}

    def _virtual(
        self,
        name: str,
        function: str,
        arguments: dict[str, str],
        *,
        restricted: bool,
        only: bool,
    ) -> list[dict[str, Any]]:
        store = self.base.store
        entity = store.published(name)
        if function not in entity.functions:
            raise ODataError(400, 6, f"Метод {function} не найден")
        if function == "Turnovers" and isinstance(store, LargeStore):
            start, end = (_plain(arguments[each]) for each in ("StartPeriod", "EndPeriod"))
            return store.turnovers(datetime.fromisoformat(start), datetime.fromisoformat(end))
        if function == "Turnovers":
            flat = f"{name}_RecordType"
            records = store.rows[flat]
            if restricted:
                records = store.allowed(flat, records, only=only)
            return _turnovers(store, name, arguments, records)
        until = _plain(arguments["Period"]) if "Period" in arguments else "9999"
        last: dict[tuple[Any, ...], dict[str, Any]] = {}
        records = (
            store.allowed(name, store.rows[name], only=only) if restricted else store.rows[name]
        )
        for row in sorted(records, key=lambda each: each["Period"]):
            if row["Period"] <= until and _conditioned(store, name, row, arguments):
                last[tuple(row[d] for d in entity.dimensions)] = row
        return list(last.values())


def _conditioned(store: Store, name: str, row: dict[str, Any], arguments: dict[str, str]) -> bool:
    if "Condition" not in arguments:
        return True
    scope = _ReadOnly(store)
    return matches(parse(arguments["Condition"], "Condition"), row, name, scope)


class _ReadOnly:
    def __init__(self, store: Store) -> None:
        self.read, self.follow, self.rows = store.read, store.follow, store.section


def _turnovers(
    store: Store, name: str, arguments: dict[str, str], records: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Sum the active records of the period, both ends included, by the requested dimensions."""
    entity = store.entities[name]
    flat = f"{name}_RecordType"
    start, end = (_plain(arguments.get(each, "")) for each in ("StartPeriod", "EndPeriod"))
    for moment in (start, end):
        if moment:
            datetime.fromisoformat(moment)
    if "Dimensions" in arguments:
        wanted = [each.strip() for each in _plain(arguments["Dimensions"]).split(",")]
        known = {each.removesuffix("_Key"): each for each in entity.dimensions}
        if any(each not in known for each in wanted):
            raise ODataError(400, 6, "Сегмент пути не найден!")
        dimensions = [known[each] for each in wanted]
    else:
        dimensions = list(entity.dimensions)
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in records:
        inside = (not start or start <= row["Period"]) and (not end or row["Period"] <= end)
        if not inside or not row["Active"] or not _conditioned(store, flat, row, arguments):
            continue
        key = tuple(row[d] for d in dimensions)
        line = sums.setdefault(key, dict(zip(dimensions, key, strict=True)))
        for resource in entity.resources:
            total = line.get(f"{resource}Turnover")
            if row[resource] is not None:
                line[f"{resource}Turnover"] = (total or 0) + Decimal(str(row[resource]))
            else:
                line.setdefault(f"{resource}Turnover", total)
    return list(sums.values())


def _shape(options: dict[str, str]) -> dict[str, str]:
    return {n: v for n, v in options.items() if n in ("$select", "$orderby", "$top", "$skip")}


def _number(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() else float(value)
    if isinstance(value, (Guid, Composite)):
        return str(value)
    raise TypeError(type(value).__name__)
