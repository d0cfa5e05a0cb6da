"""Language of help, errors, text and files of the command line."""

from __future__ import annotations

import json
import pkgutil
import re
from pathlib import Path

import pytest

from abcxyz.cli import COMMANDS, commands, main
from abcxyz.cli.options.language import requested_language, system_language

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
SALES = "customer,date,amount\n" + "".join(
    f"{name},2026-{month:02}-05,{price * month}.5\n"
    for name, price in (("ann", 100), ("bob", 7))
    for month in range(1, 11)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working directory with a sales file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text(SALES)
    return tmp_path


@pytest.fixture
def russian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the system's language to Russian."""
    monkeypatch.delenv("LC_ALL")
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")


def stopped(*argv: str) -> None:
    """Run the command line where it exits during parsing."""
    with pytest.raises(SystemExit):
        main(argv)


@pytest.mark.parametrize("argv", [["--help", "--lang", "ru"], ["--lang=ru", "-h"]])
def test_help_in_the_language_of_the_option(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option anywhere the list of commands is Russian, plugins included."""
    stopped(*argv)
    out = capsys.readouterr().out
    assert out.startswith("использование: abcxyz [-h]")
    listed = re.findall(r"^    (\w+) +(.+)$", out, re.MULTILINE)
    assert [*COMMANDS, "bitrix24"] == [name for name, _ in listed]
    assert all(CYRILLIC.search(meaning) for _, meaning in listed)


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize("command", [*COMMANDS, "bitrix24", "model info", "bitrix24 uninstall"])
def test_help_in_the_language_of_the_system(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of option help is Russian except names and values."""
    stopped(*command.split(), "--help")
    out = capsys.readouterr().out
    assert out.startswith(f"использование: abcxyz {command} [-h]")
    _, _, options = out.partition("\nпараметры:\n")
    helps = re.findall(r"^  -.*?(?=^  -|^\S|\Z)", options, re.MULTILINE | re.DOTALL)
    assert helps
    rules = [one for one in helps if "RULE" in one]
    assert [] == [one for one in helps if not CYRILLIC.search(one) and one not in rules]


@pytest.mark.usefixtures("russian")
def test_help_is_english_again_by_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    """The option takes precedence over the system's language."""
    stopped("check", "--help", "--lang", "en")
    assert not CYRILLIC.search(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["compare", "a"], "abcxyz compare: ошибка: не хватает аргументов: AFTER"),
        (["plugins", "--colour"], "abcxyz: ошибка: неизвестные аргументы: --colour"),
        (["alerts", "x", "--days", "q"], "параметр --days: 'q' — не целое число"),
        (["alerts", "x", "--days"], "параметр --days: нужно одно значение"),
        (["classify", "x", "--metric", "q"], "параметр --metric: значение 'q' не подходит"),
        (["classify", "x", "--curren", "q"], "неоднозначный параметр --curren: подходят"),
        (["classify", "x", "--json=1"], "параметр --json: значение '1' здесь лишнее"),
        (["fit", "x", "--output", "y"], "нужен один из параметров --sales --outcome"),
        (
            ["fit", "x", "--output", "y", "--sales", "s", "--outcome", "o"],
            "параметр --outcome: нельзя вместе с параметром --sales",
        ),
        (["shop"], "параметр COMMAND: значение 'shop' не подходит (выберите из "),
    ],
)
def test_errors_of_the_command_line(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of `argparse` are in the chosen language before parsing ends."""
    stopped("--lang", "ru", *argv)
    assert line in capsys.readouterr().err


@pytest.mark.usefixtures("russian", "folder")
def test_messages_follow_the_system_and_files_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages are Russian; files and JSON do not depend on the system."""
    assert 2 == main(["classify", "absent.csv"])
    assert "нет файла absent.csv" in capsys.readouterr().err
    line = ["classify", "sales.csv", "--as-of", "2026-12-31", "--out", "here"]
    assert 0 == main(line)
    printed = capsys.readouterr()
    assert "Окно: с 01.12.2025" in printed.out
    assert 0 == main([*line[:-1], "there", "--lang", "en"])
    assert "Window" in capsys.readouterr().out
    for name in ("segments.csv", "summary.json", "segments.xlsx"):
        assert Path("here", name).read_bytes() == Path("there", name).read_bytes()
    assert 0 == main([*line[:-2], "--json"])
    assert 2 == json.loads(capsys.readouterr().out)["customers"]


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("lang", "option", "expected"),
    [
        ("en", [], "ready"),
        ("ru", [], "готов"),
        ("en", ["--lang", "ru"], "готов"),
        ("", [], "готов"),
    ],
)
def test_a_job_goes_before_the_system(
    lang: str, option: list[str], expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Precedence is option, language of the job, then the system's."""
    report = f'[report]\nlang = "{lang}"\n' if lang else ""
    (folder / "job.toml").write_text(
        report + '[[source]]\nkind = "csv"\npath = "sales.csv"\n[[sink]]\nkind = "json"\n'
        'path = "out.json"\n'
    )
    assert 0 == main(["check", "job.toml", *option])
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "RU_ru@euro"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "ru_RU"}, "ru"),
        ({"LC_ALL": "", "LANG": "ru_RU.UTF-8"}, "ru"),
    ],
)
def test_language_of_the_system(environment: dict[str, str], lang: str) -> None:
    """The first environment variable that is set decides."""
    assert lang == system_language(environment)


@pytest.mark.parametrize(
    ("argv", "lang"),
    [
        ([], None),
        (["run", "--lang", "ru"], "ru"),
        (["run", "--lang=ru", "--lang", "en"], "en"),
        (["run", "--lang"], None),
        (["run", "--", "--lang", "ru"], None),
        (["run", "--language", "ru"], None),
    ],
)
def test_language_before_parsing(argv: list[str], lang: str | None) -> None:
    """The language option is read before the arguments are parsed."""
    assert lang == requested_language(argv)


PARTS = (".anomalies", ".effect", ".table", ".crm_changes.why", ".companies.like")


def test_every_module_is_a_command() -> None:
    """The list of commands equals the modules of the command packages."""
    modules = {
        one.name.removeprefix("abcxyz.cli.commands.")
        for one in pkgutil.walk_packages(commands.__path__, "abcxyz.cli.commands.")
        # Parts of ``abcxyz crm`` and ``abcxyz companies`` that are no commands of their own.
        if not one.ispkg and not one.name.endswith(PARTS)
    }
    assert modules == set(COMMANDS.values())
    assert [
        name
        for name, module in COMMANDS.items()
        if module.removesuffix(".command").rpartition(".")[2] != name
    ] == []
