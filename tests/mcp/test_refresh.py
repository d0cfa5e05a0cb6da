"""Renewal of the data of a running server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.questions import worlds

from abcxyz.cli import main
from abcxyz.cli.options.dates import today
from abcxyz.errors import ConfigError
from abcxyz.questions import QuestionData

pytest.importorskip("mcp")

from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from abcxyz.mcp.refreshing import Refresh
from abcxyz.mcp.server import QuestionServer
from mcp import Client, StdioServerParameters, stdio_client

SECRET = "https://portal.example/rest/1/secret"


def data_with(last: float) -> QuestionData:
    """Return data in which one customer bought for *last* a month."""
    return QuestionData(
        analysis=worlds.analysis(date(2026, 11, 1), last=last), today=lambda: worlds.TODAY
    )


def test_the_data_are_read_again_and_a_failure_keeps_the_earlier_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second reading fails: the third one is used, and the log holds no text of the error."""
    readings = iter([40.0, None, 60.0])
    used: list[QuestionData] = []
    done = threading.Event()

    def read() -> QuestionData:
        last = next(readings)
        if last is None:
            raise ConfigError("{address} does not answer", address=SECRET)
        return data_with(last)

    def replace(data: QuestionData) -> None:
        used.append(data)
        if len(used) == 2:
            stop.set()
            done.set()

    with caplog.at_level(logging.WARNING, "abcxyz.mcp"):
        stop = Refresh(0.05, read).start(replace)
        assert done.wait(60)
    values = [one.snapshot(None).value[2].item() for one in used]  # type: ignore[union-attr]
    assert values == [120.0, 180.0]
    assert "ConfigError" in caplog.text
    assert SECRET not in caplog.text


def test_answers_are_from_the_new_data_and_cursors_of_the_old_are_stale() -> None:
    server = QuestionServer(data_with(40.0), version="1")

    async def act() -> None:
        async with Client(server, mode="auto") as client:
            asked = {"segment": "C", "limit": 1}
            page = (await client.call_tool("list_segment", asked)).structured_content
            assert page["next_cursor"]
            server.replace(data_with(60.0))
            answer = await client.call_tool("customer_segment", {"customer": "CO_9"})
            assert answer.structured_content["value"]["value"] == 180.0
            old = await client.call_tool("list_segment", {**asked, "cursor": page["next_cursor"]})
            assert old.is_error
            assert old.structured_content["code"] == "stale_cursor"

    asyncio.run(act())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--history", "h.db", "--refresh", "5"], "name one as --job or --crm"),
        (["--job", "job.toml", "--refresh", "0"], "--refresh 0.0 is no number of minutes"),
        (["--job", "job.toml", "--refresh", "nan"], "is no number of minutes up to 10080"),
    ],
)
def test_what_cannot_be_refreshed_is_refused(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mcp", *options, "--lang", "en"]) == 2
    assert text in capsys.readouterr().err


@contextlib.asynccontextmanager
async def over_stdio(options: list[str], _: Path) -> AsyncIterator[Any]:
    """Start the command and connect a client to its standard input and output."""
    program = StdioServerParameters(command=sys.executable, args=["-m", "abcxyz", "mcp", *options])
    async with Client(stdio_client(program), mode="auto") as client:
        yield client


@contextlib.asynccontextmanager
async def over_http(options: list[str], folder: Path) -> AsyncIterator[Any]:
    """Start the command on a free port and connect a client with the token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = folder / "token.txt"
    token.write_text("t" * 32)
    token.chmod(0o600)
    http = ["--transport", "http", "--port", str(port), "--token-file", str(token)]
    command = [sys.executable, "-m", "abcxyz", "mcp", *options, *http]
    with subprocess.Popen(command) as server:
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert server.poll() is None
                await asyncio.sleep(0.1)
            headers = {"Authorization": f"Bearer {'t' * 32}"}
            async with create_mcp_http_client(headers=headers) as opened:
                streams = streamable_http_client(
                    f"http://127.0.0.1:{port}/mcp", http_client=opened
                )
                async with Client(streams, mode="auto") as client:
                    yield client
        finally:
            server.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("connected", [over_stdio, over_http])
def test_the_command_answers_from_sales_written_while_it_runs(
    connected: Callable[[list[str], Path], contextlib.AbstractAsyncContextManager[Any]],
    tmp_path: Path,
) -> None:
    def write(amount: int) -> None:
        days = [today() - timedelta(days=30 * back) for back in range(2, 8)]
        rows = [f"CO_{i},{day},{amount * i}" for i in (1, 2) for day in days]
        new = tmp_path / "new.csv"
        new.write_text("\n".join(["customer,date,amount", *rows]))
        new.replace(tmp_path / "sales.csv")

    write(100)
    (tmp_path / "job.toml").write_text(
        '[window]\nperiod = "12M"\n\n[[source]]\nkind = "file"\npath = "sales.csv"\n\n'
        '[[sink]]\nkind = "json"\npath = "out.json"\n'
    )

    async def value(client: Any) -> float:
        answer = await client.call_tool("customer_segment", {"customer": "CO_2"})
        return float(answer.structured_content["value"]["value"])

    async def act() -> tuple[float, float]:
        options = ["--job", str(tmp_path / "job.toml"), "--refresh", "0.005"]
        async with connected(options, tmp_path) as client:
            before = await value(client)
            write(300)
            for _ in range(600):
                after = await value(client)
                if after != before:
                    break
                await asyncio.sleep(0.1)
            return before, after

    before, after = asyncio.run(act())
    assert after == 3 * before
