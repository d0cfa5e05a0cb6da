"""Examples of the pages, the README and docstrings run as shown."""

from __future__ import annotations

import argparse
import doctest
import importlib
import io
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

import abcxyz
from abcxyz.cli import COMMANDS, build_parser
from abcxyz.toolkit import language

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in page.parts),
]
SOURCE = Path(abcxyz.__file__).resolve().parent.parent
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for package in ("abcxyz", "abcxyz_bitrix", "abcxyz_onec")
    for path in (SOURCE / package).rglob("*.py")
)
#: Languages of code blocks. Python and pycon run, toml and json must parse.
LANGUAGES = {"python", "pycon", "toml", "json", "console", "sh", "text", "csv", "http", "sql"}
#: What a name of a file ends with, which only looks like a name in a module.
FILE_SUFFIXES = (".git", ".rst")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@frozen
class Block:
    """A fenced block: its language, its first line in the page (from 0), its code."""

    language: str
    line: int
    code: str


def blocks(page: str) -> Iterator[Block]:
    """Extract the fenced blocks of a Markdown page."""
    opening, language, start = "", "", 0
    lines: list[str] = []
    for number, line in enumerate(page.splitlines()):
        fence = re.match(r"\s*(`{3,}|~{3,}|:{3,})\s*(.*)$", line)
        if not opening and fence:
            opening, language, start, lines = fence[1], fence[2].strip(), number + 1, []
        elif opening and fence and fence[1].startswith(opening) and not fence[2]:
            yield Block(language, start, "\n".join(lines) + "\n")
            opening = ""
        elif opening:
            lines.append(line)
    assert not opening, f"the block opened before line {start + 1} is not closed"


def run_page(page: str, name: str) -> None:
    """Run the blocks of a page in order, in one namespace."""
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            # Empty lines in front let a traceback point at the line of the page.
            exec(compile("\n" * block.line + block.code, name, "exec"), names)
        elif block.language == "pycon":
            example = doctest.DocTestParser().get_doctest(
                block.code, names, name, name, block.line
            )
            run_doctest(example)
            names.update(example.globs)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.language == "json":
            json.loads(block.code)
        elif not block.language.startswith("{"):
            assert block.language in LANGUAGES, f"{name}:{block.line}: name the block's language"
        else:
            assert "code" not in block.language, f"{name}:{block.line}: write a plain fence"


def run_doctest(example: doctest.DocTest) -> None:
    """Run one doctest, and fail with its report of the difference."""
    output = io.StringIO()
    result = doctest.DocTestRunner(optionflags=FLAGS).run(
        example, out=output.write, clear_globs=False
    )
    assert result.failed == 0, output.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_the_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code blocks of a page run one after another in an empty folder."""
    monkeypatch.chdir(tmp_path)
    # A page may register a package with catalogues of its own.
    monkeypatch.setattr(language, "_packages", list(language.packages()))
    monkeypatch.setattr(sys, "path", list(sys.path))
    run_page(page.read_text(encoding="utf-8"), str(page))
    sys.modules.pop("abcxyz_german", None)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_docstrings_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ``>>>`` examples of a module give the shown output."""
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("abcxyz"):
            raise
        pytest.skip(f"needs {missing.name}")
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        if example.examples:
            run_doctest(example)


@cache
def commands(page: str) -> list[list[str]]:
    """List the command lines shown on a page, without the program's name."""
    lines = [
        line
        for block in blocks(page)
        if block.language in {"console", "sh"}
        for line in block.code.replace("\\\n", " ").splitlines()
    ]
    calls = (re.match(r"(?:\$ )?(?:\S*/)?abcxyz +([^|>]+)", line) for line in lines)
    return [shlex.split(call[1]) for call in calls if call]


@cache
def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line once."""
    return build_parser()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_the_page_exist(page: Path) -> None:
    """Each call of ``abcxyz`` on a page parses."""
    for arguments in commands(page.read_text(encoding="utf-8")):
        parser().parse_args(arguments)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lang", ["", ".ru"])
def test_every_command_has_its_page(command: str, lang: str) -> None:
    """Each command is shown on an English and a Russian page."""
    shown = [
        page.name
        for page in PAGES
        if page.stem.endswith(".ru") == bool(lang)
        for arguments in commands(page.read_text(encoding="utf-8"))
        if arguments[0] == command
    ]
    assert shown


def missing_names(page: str) -> list[str]:
    """List names of the library and files that a page mentions and that do not exist."""
    dotted = r"(?<![\w.\"])(abcxyz(?:_bitrix|_onec)?(?:\.\w+)+)\b"
    names = [name for name in re.findall(dotted, page) if not name.endswith(FILE_SUFFIXES)]
    paths = re.findall(r"`((?:abcxyz\w*|docs|tests|src)/[\w/-]+\.\w+)`", page)
    return [
        *(name for name in names if not is_there(name)),
        *(path for path in paths if not (ROOT / path).exists() and not (SOURCE / path).exists()),
    ]


def is_there(name: str) -> bool:
    """Return whether a dotted name of the library can be imported."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if (module := ".".join(parts[:end])) in MODULES:
            value: object = importlib.import_module(module)
            return all((value := getattr(value, part, None)) is not None for part in parts[end:])
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_on_the_page_exist(page: Path) -> None:
    """Each name on a page exists, except past ones in the changelog."""
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":
        text = text[: text.index("### Changed")]
    assert [] == missing_names(text)


def test_a_wrong_name_is_found() -> None:
    """A name or path that was moved is detected."""
    page = "`abcxyz.core.crm` abcxyz.analyze df.abcxyz.segment `abcxyz.core.sales.panel.Pane`"
    gone = ["abcxyz.core.crm", "abcxyz.core.sales.panel.Pane"]
    assert gone == missing_names(page)
    assert ["tests/gone.py"] == missing_names("`tests/gone.py` `abcxyz/errors.py` `tests/core`")


def test_links_lead_somewhere() -> None:
    """Links from the README to files and headings of the project resolve."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    anchors = re.findall(r"\]\(#([^)]+)\)", readme)
    headings = re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    assert links
    assert [] == [link for link in links if not (ROOT / link).is_file()]
    assert set(anchors) <= {heading.lower().replace(" ", "-") for heading in headings}


def test_readme_begins_with_the_two_commands() -> None:
    """The README's first command shows the demonstration, its second passes the tests."""
    first, second = (
        block.code
        for block in blocks((ROOT / "README.md").read_text(encoding="utf-8"))
        if block.language == "sh"
    )
    assert first.endswith("abcxyz demo\n")
    assert second.endswith("-m pytest -n auto\n")


def test_a_wrong_command_is_found() -> None:
    """A call with an option that does not exist is detected."""
    (arguments,) = commands("```console\n$ abcxyz demo \\\n  --colour | less\n```\n")
    assert ["demo", "--colour"] == arguments
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)


def test_alerts_are_not_sent_to_a_namesake() -> None:
    """No page or message installs the unrelated project of the same name."""
    texts = [*PAGES, *SOURCE.glob("abcxyz*/**/*.py"), *SOURCE.glob("abcxyz*/**/*.toml")]
    bare = re.compile(r"install\s+(-\S+\s+)*['\"`]?abcxyz(?!\S* @)")
    sent = {str(path): bare.findall(path.read_text(encoding="utf-8")) for path in texts}
    assert {} == {name: result for name, result in sent.items() if result}


@pytest.mark.parametrize(
    "page",
    [
        "```python\nassert 1 == 2\n```\n",
        "```python\nx = 1\n```\n```python\nassert x == 2\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```python\nx = 1\n```\n```pycon\n>>> x\n2\n```\n",
        "```toml\na = \n```\n",
        "```json\n{a: 1}\n```\n",
        "```py\n1 / 0\n```\n",
        "```\n1 / 0\n```\n",
        "```{code-block} python\n1 / 0\n```\n",
        "```python\n1 / 1\n",
    ],
)
def test_a_wrong_example_fails(page: str) -> None:
    """A page with a wrong or unchecked example fails."""
    with pytest.raises((AssertionError, ValueError)):
        run_page(page, "page.md")
