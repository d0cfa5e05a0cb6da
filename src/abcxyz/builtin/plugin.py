"""Plugin hooks of the built-in adapters."""

from __future__ import annotations

from collections.abc import Mapping

from abcxyz.plugins import Factory, hookimpl

__all__ = ["abcxyz_crm_sources", "abcxyz_enrichers", "abcxyz_sinks", "abcxyz_sources"]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Return the sources; the first bytes of a file determine its format, not this name."""
    from abcxyz.builtin.file_source import FileSource
    from abcxyz.builtin.sql import SqlSource

    return {**dict.fromkeys(("csv", "excel", "file", "parquet"), FileSource), "sql": SqlSource}


@hookimpl
def abcxyz_crm_sources() -> Mapping[str, Factory]:
    """Return the sources of CRM records: files and a database."""
    from abcxyz.builtin.crm_files import CrmFiles
    from abcxyz.builtin.sql import SqlCrm

    return {"files": CrmFiles, "sql": SqlCrm}


@hookimpl
def abcxyz_enrichers() -> Mapping[str, Factory]:
    """Return the enrichers: public data on organisations."""
    from abcxyz.companies.dadata.enricher import DadataEnricher
    from abcxyz.companies.fns.enricher import FnsEnricher

    return {"dadata": DadataEnricher, "fns": FnsEnricher}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Return the sinks: files, a database, messages and a webhook."""
    from abcxyz.builtin.csv_sink import CsvSink
    from abcxyz.builtin.excel_sink import ExcelSink
    from abcxyz.builtin.html_sink import HtmlSink
    from abcxyz.builtin.json_sink import JsonSink
    from abcxyz.builtin.jsonl_sink import JsonLinesSink
    from abcxyz.builtin.notify_sink import NotifySink
    from abcxyz.builtin.sql import SqlSink
    from abcxyz.builtin.webhook_sink import WebhookSink

    return {
        "csv": CsvSink,
        "excel": ExcelSink,
        "html": HtmlSink,
        "json": JsonSink,
        "jsonl": JsonLinesSink,
        "notify": NotifySink,
        "sql": SqlSink,
        "webhook": WebhookSink,
    }
