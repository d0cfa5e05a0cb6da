"""Application of the live page: its addresses, and the two changes that a person may make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from abcxyz.dashboard.access import Access
from abcxyz.dashboard.lists import filters_of
from abcxyz.dashboard.pages import ASSETS, Pages, address, asset_address, day_of
from abcxyz.errors import AbcxyzError, InputError
from abcxyz.i18n import LANGUAGES, translate
from abcxyz.report.page.render import asset

__all__ = ["live_app"]

_LARGEST = 1 << 16  # bytes of a form


def live_app(pages: Pages, *, token: str, port: int, lang: str) -> Access:
    """Return the application.

    Parameters
    ----------
    pages
        The documents.
    token
        Secret of the first request; see `Access`.
    port
        Port of the server.
    lang
        Language of a page whose address names none.

    Raises
    ------
    ConfigError
        The token is too short.
    """

    def page(render: Callable[[Request, str], str]) -> Callable[[Request], Response]:
        return lambda request: HTMLResponse(render(request, _language(request, lang)))

    def customers(request: Request) -> Response:
        return Response(
            pages.customers(day_of(request.query_params.get("at")), **_filters(request)),
            media_type="application/octet-stream",
            headers={"content-encoding": "gzip"},
        )

    def export(request: Request) -> Response:
        name = request.path_params["name"]
        content = pages.export(name, _language(request, lang), request.query_params)
        if content is None:
            return Response(status_code=404)
        return Response(
            content,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}.csv"'},
        )

    def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response(status_code=404)
        package, kind = ASSETS[name]
        same = request.url.path + "?" + request.url.query == asset_address(name)
        headers = {"cache-control": "private, max-age=31536000, immutable"} if same else {}
        return Response(asset(name, package), media_type=kind, headers=headers)

    async def outcome(request: Request) -> Response:
        fields = await _form(request)
        await run_in_threadpool(
            pages.data.log, fields.get("customer", ""), fields.get("outcome", "")
        )
        return _back(request, fields, lang)

    async def snooze(request: Request) -> Response:
        fields = await _form(request)
        days = fields.get("days", "")
        await run_in_threadpool(
            pages.data.snooze, fields.get("key", ""), int(days) if days.isdecimal() else -1
        )
        return _back(request, fields, lang)

    def problem(request: Request, failure: Exception) -> Response:
        chosen = _language(request, lang)
        return HTMLResponse(pages.problem(translate(failure, chosen), chosen), status_code=400)

    routes = [
        Route(
            "/",
            page(
                lambda request, chosen: pages.report(
                    chosen, day_of(request.query_params.get("at")), **_filters(request)
                )
            ),
        ),
        Route(
            "/compare",
            page(
                lambda request, chosen: pages.compare(
                    chosen,
                    day_of(request.query_params.get("before")),
                    day_of(request.query_params.get("after")),
                )
            ),
        ),
        Route("/alerts", page(lambda _, chosen: pages.alerts(chosen))),
        Route(
            "/customer",
            page(
                lambda request, chosen: pages.customer(request.query_params.get("id", ""), chosen)
            ),
        ),
        Route("/customers", customers),
        Route("/export/{name}.csv", export),
        Route("/static/{name}", static),
        Route("/outcome", outcome, methods=["POST"]),
        Route("/snooze", snooze, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={AbcxyzError: problem})
    return Access(app, token=token, port=port)


def _filters(request: Request) -> dict[str, str]:
    return filters_of(request.query_params)


def _language(request: Request, usual: str) -> str:
    chosen = request.query_params.get("lang", usual)
    return chosen if chosen in LANGUAGES else usual


async def _form(request: Request) -> dict[str, str]:
    """Read the fields of a form; Starlette would need another package for it.

    Raises
    ------
    InputError
        It is larger than any form of the page, or of another type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0]
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _LARGEST:
            break
    if kind != "application/x-www-form-urlencoded" or len(content) > _LARGEST:
        raise InputError("this is no form of the page; go back and send it again")
    fields = parse_qs(content.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _back(request: Request, fields: dict[str, Any], usual: str) -> Response:
    """Lead back to the page whose form was sent; only pages of this server are known."""
    chosen = _language(request, usual)
    if fields.get("back") == "customer":
        return RedirectResponse(address("/customer", chosen, id=fields["customer"]), 303)
    return RedirectResponse(address("/alerts", chosen), 303)
