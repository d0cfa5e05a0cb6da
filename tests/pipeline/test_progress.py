"""Progress bar on a terminal and periodic log lines elsewhere."""

from __future__ import annotations

import io

import pytest

from abcxyz.cli.output.progress import LogProgress, RichProgress, watching
from abcxyz.pipeline import RunProgress


def test_a_log_is_written_now_and_then() -> None:
    """A stage logs its start, a line every ten seconds and the final line count."""
    lines: list[str] = []
    seconds = iter([0.0, 5.0, 11.0, 11.0, 12.0])
    watch = LogProgress(lines.append, clock=lambda: next(seconds))
    watch.begin("read", "shop")
    watch.advance(1_000)
    watch.advance(1_000)
    watch.advance(500)
    watch.end()
    assert ["reading shop", "reading shop: 2,000 lines", "reading shop: 2,500 lines"] == lines


def test_a_long_write_is_logged_now_and_then() -> None:
    """A write that reports progress is logged every ten seconds."""
    lines: list[str] = []
    seconds = iter([0.0, 5.0, 11.0, 11.0])
    watch = LogProgress(lines.append, "ru", clock=lambda: next(seconds))
    watch.begin("write", "crm")
    watch.wrote(10, 1_000)
    watch.wrote(500, 1_000)
    watch.end()
    assert ["запись в crm", "запись в crm: 500 / 1\N{NO-BREAK SPACE}000"] == lines


def test_a_terminal_shows_a_bar() -> None:
    """The bar shows the stage and its progress for any adapter name."""
    pytest.importorskip("rich")
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    shown = io.StringIO()
    columns = [TextColumn("{task.description} {task.fields[count]} {task.percentage:.0f}%",
                          markup=False)]  # fmt: skip
    with Progress(*columns, console=Console(file=shown, force_terminal=True, width=80)) as rows:
        watch = RichProgress(rows)
        watch.begin("write", "[red]crm")
        watch.wrote(250, 1_000)
        rows.refresh()
        watch.end()
    assert "writing [red]crm 250 / 1,000 25%" in shown.getvalue()
    assert "100%" in shown.getvalue()


def test_quiet_is_silent() -> None:
    """Quiet mode shows nothing, on a terminal either."""
    stream = io.StringIO()
    with watching("en", quiet=True, stream=stream) as watch:
        watch.begin("read", "shop")
        watch.advance(1)
        watch.wrote(1, 2)
        watch.end()
    assert (RunProgress, "") == (type(watch), stream.getvalue())
