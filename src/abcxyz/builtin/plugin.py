"""What comes with the library, offered as any plugin would."""

from __future__ import annotations

from collections.abc import Mapping

from abcxyz.builtin.csv_sink import CsvSink
from abcxyz.builtin.excel_sink import ExcelSink
from abcxyz.builtin.file_source import FileSource
from abcxyz.builtin.html_sink import HtmlSink
from abcxyz.builtin.json_sink import JsonSink
from abcxyz.builtin.jsonl_sink import JsonLinesSink
from abcxyz.builtin.sql import SqlSink, SqlSource
from abcxyz.builtin.webhook_sink import WebhookSink
from abcxyz.plugins import Factory, hookimpl

__all__ = ["abcxyz_sinks", "abcxyz_sources"]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Offer files by the names people look for; the first bytes of a file tell its kind."""
    return {**dict.fromkeys(("csv", "excel", "file", "parquet"), FileSource), "sql": SqlSource}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Offer files, a database and an address."""
    return {
        "csv": CsvSink,
        "excel": ExcelSink,
        "html": HtmlSink,
        "json": JsonSink,
        "jsonl": JsonLinesSink,
        "sql": SqlSink,
        "webhook": WebhookSink,
    }
