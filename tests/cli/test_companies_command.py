"""``abcxyz companies``: build, show and status as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.companies.fns import data_sets as made

from abcxyz.cli import main

AS_OF = ["--as-of", "2026-11-29"]


@pytest.fixture
def index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the path of an index of the examples."""
    target = str(tmp_path / "companies.db")
    assert main(["companies", "build", str(made.write_sets(tmp_path)), "--out", target]) == 0
    capsys.readouterr()
    return target


def test_build_reports_what_it_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per data set; with --json one object."""
    made.write_sets(tmp_path / "sets")
    command = ["companies", "build", str(tmp_path / "sets"), "--out", str(tmp_path / "c.db")]
    assert main([*command, "--lang", "ru"]) == 0
    printed = capsys.readouterr().out
    assert "Физлиц пропущено" in printed
    assert "10.11.2026" in printed
    assert main([*command, "--sets", "rsmp, snr", "--json"]) == 0
    datasets = json.loads(capsys.readouterr().out)["datasets"]
    assert [(one["name"], one["documents"], one["data_on"]) for one in datasets] == [
        ("rsmp", 4, "2026-11-10"),
        ("snr", 2, "2026-11-01"),
    ]


def test_show_gives_each_value_with_date_and_source(
    index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table, and as JSON."""
    assert main(["companies", "show", made.BUILDER, "--db", index, *AS_OF]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert ["turnover", "118,250,000", "2025-12-31", "fns:revexp"] in map(str.split, printed)
    assert main(["companies", "show", made.PLANT, "--db", index, "--json", *AS_OF]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["attributes"]["employees"] == 231
    assert told["attributes"]["employees_as_of"] == "2025-12-31"
    assert told["published"]["expense"] == 1710415000.0
    assert told["stale"] == {}


def test_show_leaves_out_stale_values_and_says_so(
    index: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure of 2025 is not used in 2028."""
    command = ["companies", "show", made.PLANT, "--db", index, "--as-of", "2028-06-01"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "turnover: the newest value is of 2025, and is not used" in printed
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["stale"] == {"turnover": 2025, "employees": 2025}
    assert "turnover" not in told["attributes"]
    assert told["attributes"]["industry"] == "C"


def test_show_remarks_on_a_perhaps_consolidated_turnover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A large turnover with few staff is shown and doubted."""
    sets = {
        "revexp": [made.member(made.statement(made.PLANT, "-", "2000000000.00"))],
        "sshr2019": [made.member(made.headcount(made.PLANT, "-", 15))],
    }
    target = str(tmp_path / "c.db")
    assert main(["companies", "build", str(made.write_sets(tmp_path, sets)), "--out", target]) == 0
    assert main(["companies", "show", made.PLANT, "--db", target, *AS_OF]) == 0
    assert "perhaps a group" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("inn", "message"),
    [
        ("230000083", "if a spreadsheet lost the zero at its beginning, write 0230000083"),
        ("7709000011", "by its other digits the last one would be 0"),
        ("0000000000", "has 10 digits, not all of them zero"),
        ("acme", "'acme' is no INN"),
        ("7707000030", "the data sets say nothing of it, which does not mean that it is small"),
    ],
)
def test_a_wrong_or_unknown_number_is_explained(
    index: str, capsys: pytest.CaptureFixture[str], inn: str, message: str
) -> None:
    """With the cure, and exit code 2."""
    assert main(["companies", "show", inn, "--db", index]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("number", [made.PERSON, "70900001057"])
def test_the_number_of_a_person_is_not_repeated(
    index: str, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    """Neither on the terminal nor in the object of a failure."""
    assert main(["companies", "show", number, "--db", index, "--json"]) == 2
    streams = capsys.readouterr()
    assert "natural person" in streams.err + streams.out
    assert number not in streams.err + streams.out


def test_status_names_age_and_counts(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 as soon as one data set is too old."""
    assert main(["companies", "status", "--db", index, "--json", *AS_OF]) == 0
    told = json.loads(capsys.readouterr().out)
    ages = {one["name"]: one["age_days"] for one in told["datasets"]}
    assert (ages["rsmp"], ages["sshr2019"]) == (19, 333)
    assert told["organisations"] == 4
    assert main(["companies", "status", "--db", index, "--as-of", "2028-06-01"]) == 1
    printed = capsys.readouterr().out
    assert f"{made.FILES['sshr2019']} is too old" in printed
    assert f"{made.FILES['rsmp']} is too old" not in printed
    assert "4 organisations" in printed


def test_wrong_options_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is read."""
    command = ["companies", "build", str(tmp_path), "--processes", "0"]
    assert main(command) == 2
    assert "--processes is 0; use one or more" in capsys.readouterr().err
    assert main(["companies", "status", "--db", str(tmp_path / "no.db")]) == 2
    assert "there is no index of companies" in capsys.readouterr().err
