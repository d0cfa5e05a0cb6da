"""Reference page of the job file, against the code."""

from __future__ import annotations

import re

import pytest
from tests.conftest import ROOT

from abcxyz.config import TABLES
from abcxyz.config.keys import LISTS
from abcxyz.registry import load

PAGE = (ROOT / "docs" / "reference" / "job.md").read_text(encoding="utf-8")


def rows(section: str) -> dict[str, list[str]]:
    """Rows of a section's table: first cell, in code, to the other cells."""
    part = re.split(rf"^## {re.escape(section)}$", PAGE, flags=re.MULTILINE)[1]
    part = re.split(r"^## ", part, flags=re.MULTILINE)[0]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in part.splitlines() if "|" in line]
    result = [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]
    return {row[0].strip("`"): row[1:] for row in result[2:]}


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_in_the_reference(name: str) -> None:
    """Each key has one line with type, default and meaning, and no line is extra."""
    section = f"`[[{name}]]`" if name in LISTS else f"`[{name}]`"

    def shown(key: str, default: object) -> str:
        if key == "kind":
            return "required"
        text = str(default).lower() if isinstance(default, bool) else default
        return "" if default is None else f"`{text}`"

    assert [
        (key, [about.takes, shown(key, about.default), about.meaning])
        for key, about in TABLES[name].items()
    ] == list(rows(section).items())


def test_every_option_of_our_adapters_is_in_the_reference() -> None:
    """Each built-in adapter has a line with all its options."""
    section = PAGE.split("## Adapters that come with the library")[1]
    result = {
        (role, kind): set(re.findall(r"`(\w+)`", options))
        for role, kind, options in re.findall(
            r"^\| `\[+(\w+)\]+` \| `(\w+)` \| (.*) \|$", section, re.MULTILINE
        )
    }
    assert {
        (role, name): {option.name for option in adapter.options}
        for (role, name), adapter in load().adapters.items()
        if adapter.plugin.name == "builtin"
    } == result
