"""The pictures of tables on the pages about files are read by the commands beside them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tables import ledger

from abcxyz.cli import main

PAGES = Path(__file__).parents[3] / "docs" / "how-to"
SECTION = {"en": "## Shapes that are recognised", "ru": "## Формы таблиц, которые распознаются"}
#: Money and customers of each picture, in the order of the page.
EXPECTED = [
    *((120.0, 1), (200.0, 1), (320.0, 2), (320.0, 2), (320.0, 2)),
    *((200.0, 1), (320.0, 2), (120.0, 1), (200.0, 1)),
]


def _section(lang: str) -> str:
    name = "classify-a-file.md" if lang == "en" else "classify-a-file.ru.md"
    text = (PAGES / name).read_text(encoding="utf-8")
    return text.split(SECTION[lang], 1)[1].split("\n## ", 1)[0]


def _pictures(lang: str) -> list[tuple[str, list[str]]]:
    """Return each picture, and the commands with options in the text below it."""
    parts = re.split(r"```text\n(.*?)```", _section(lang), flags=re.DOTALL)
    return [
        (picture, re.findall(r"`abcxyz classify \S+ (--[^`]*)`", below))
        for picture, below in zip(parts[1::2], parts[2::2], strict=True)
    ]


def _file(picture: str, folder: Path) -> Path:
    """Write a picture as CSV, or as a workbook if it has sheets."""
    sheets: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in picture.splitlines():
        if name := re.fullmatch(r"\[(.+)\]", line):
            rows = sheets.setdefault(name[1], [])
        else:
            rows.append([cell.rstrip() for cell in line.split("|")])
    if sheets:
        book = {name: [[*map(str.strip, row)] for row in rows] for name, rows in sheets.items()}
        return ledger.write_xlsx(folder / "book.xlsx", book)
    width = max(map(len, rows))
    path = folder / "sales.csv"
    lines = [
        ";".join([row[0], *map(str.strip, row[1:])]) + ";" * (width - len(row)) for row in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _examples() -> Iterator[tuple[str, int, str]]:
    for lang in SECTION:
        for place, (_, commands) in enumerate(_pictures(lang)):
            for options in ["", *commands]:
                yield lang, place, options


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("lang", "place", "options"), list(_examples()))
def test_picture_of_a_shape(
    lang: str, place: int, options: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command reads the table of the picture, found by itself or told by the options."""
    picture, _ = _pictures(lang)[place]
    words = ["classify", str(_file(picture, tmp_path)), "--as-of", "2026-01-01", "--json"]
    assert main([*words, *shlex.split(options)]) == 0
    summary = json.loads(capsys.readouterr().out)
    value = summary["value"] + summary["unclassified_value"]
    assert (value, summary["customers"]) == EXPECTED[place]


def test_every_picture_is_tried() -> None:
    """Both pages have the same pictures and commands."""
    assert [len(EXPECTED)] * 2 == [len(_pictures(lang)) for lang in SECTION]
    options = [[len(commands) for _, commands in _pictures(lang)] for lang in SECTION]
    assert options[0] == options[1]
    assert sum(options[0]) >= 3
