"""Page of benchmark results: each benchmark writes one section."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def best(work: Callable[[], Any], times: int = 3) -> float:
    """Return the shortest of several runs, in seconds, because noise only adds time."""
    spent = []
    for _ in range(times):
        start = perf_counter()
        work()
        spent.append(perf_counter() - start)
    return min(spent)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a Markdown table."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def machine(*packages: str) -> str:
    """Describe the machine and the versions of the measurement."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python "
        f"{sys.version_info.major}.{sys.version_info.minor}, {versions}; {date.today():%Y-%m-%d}."  # noqa: DTZ011
    )


def write_section(name: str, text: str, *, first: bool = False) -> None:
    """Write *text* between the marks of the section *name*, creating it last, or *first*."""
    page = PAGE.read_text("utf-8") if PAGE.exists() else "# Benchmarks\n"
    block = f"<!-- begin {name} -->\n{text.strip()}\n<!-- end {name} -->"
    pattern = re.compile(rf"<!-- begin {name} -->.*?<!-- end {name} -->", re.DOTALL)
    if pattern.search(page):
        page = pattern.sub(lambda _: block, page)
    elif first:
        title, _, rest = page.partition("\n")
        page = f"{title}\n\n{block}\n{rest}"
    else:
        page = f"{page.rstrip()}\n\n{block}\n"
    PAGE.write_text(page, "utf-8")
