"""Traps of the open data: what a figure does not say, and the message about it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from tests.companies.fns import data_sets as made

from abcxyz.cli import main
from abcxyz.companies.fns.attributes import company_attributes
from abcxyz.companies.fns.build import build_index
from abcxyz.companies.fns.index import CompanyIndex
from abcxyz.core.prospects.scores import score_prospect
from abcxyz.errors import InputError

TODAY = date(2026, 11, 29)
ABSENT = "7707000030"


def show(folder: Path, inn: str, capsys: pytest.CaptureFixture[str], lang: str = "en") -> str:
    """Build an index of a folder, and return what is shown of an organisation."""
    target = str(folder / "c.db")
    assert main(["companies", "build", str(folder), "--out", target]) == 0
    capsys.readouterr()
    command = ["companies", "show", inn, "--db", target, "--as-of", "2026-11-29", "--lang", lang]
    code = main(command)
    streams = capsys.readouterr()
    assert (code == 0) == bool(streams.out)
    return " ".join((streams.out + streams.err).split())


def attributes(folder: Path, inn: str, as_of: date = TODAY) -> dict[str, object]:
    """Return the attributes of an organisation."""
    build_index(folder, folder / "c.db", built=TODAY)
    with CompanyIndex(folder / "c.db") as index:
        return company_attributes(inn, index.find([inn])[inn], as_of=as_of).values


def test_the_date_of_a_figure_is_not_that_of_its_file(tmp_path: Path) -> None:
    """A figure of 31 December stays fresh by its own date, whatever the document is dated."""
    document = made.headcount(made.PLANT, "-", 7, stated="31.12.2023", dated="25.10.2026")
    folder = made.write_sets(tmp_path, {"sshr2019": [made.member(document)]})
    assert "employees" not in attributes(folder, made.PLANT)
    assert attributes(folder, made.PLANT, date(2025, 12, 31))["employees_as_of"] == "2023-12-31"


def test_zero_is_a_fact_and_absent_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A firm with reported zeros has them; one without a document has no number."""
    folder = made.write_sets(tmp_path)
    sleeper = attributes(folder, made.SLEEPER)
    assert (sleeper["employees"], sleeper["turnover"]) == (0, 0.0)
    debtor = attributes(folder, made.DEBTOR)
    assert not {"employees", "turnover"} & set(debtor)
    printed = show(folder, made.PLANT, capsys)
    assert "no debt published as of 2026-11-01, which is not the same as no debt" in printed
    assert "regime" not in printed
    assert "долг на 01.11.2026 не опубликован" in show(folder, made.PLANT, capsys, "ru")
    assert "no debt published" not in show(folder, made.DEBTOR, capsys)


def test_a_firm_that_is_withheld_is_not_small(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The largest are the ones missing: the message says so, and the lead gets no grade."""
    printed = show(made.write_sets(tmp_path), ABSENT, capsys)
    assert "says nothing of it" in printed or "say nothing of it" in printed
    assert "does not mean that it is small" in printed
    leads = tmp_path / "leads.csv"
    leads.write_text(f"lead,inn\nL1,{ABSENT}\n")
    command = ["score", str(leads), "--companies", str(tmp_path / "c.db")]
    assert main([*command, "--as-of", "2026-11-29"]) == 0
    streams = capsys.readouterr()
    assert streams.out.split("\t")[:2] == ["L1", "–"]
    assert "0 of 1 organisation found" in streams.err


@pytest.mark.parametrize(
    ("income", "staff", "message"),
    [
        ("2000000000.00", 15, "perhaps a group"),
        ("1999999999.00", 15, None),
        ("2000000000.00", 16, None),
        ("99999999999999.00", 5000, "the turnover is larger than that of any firm"),
    ],
)
def test_figures_of_groups_and_absurd_ones_are_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], income: str, staff: int,
    message: str | None,
) -> None:  # fmt: skip
    """They stay as they are, by the name of their source."""
    sets = {
        "sshr2019": [made.member(made.headcount(made.PLANT, "-", staff))],
        "revexp": [made.member(made.statement(made.PLANT, "-", income))],
    }
    printed = show(made.write_sets(tmp_path, sets), made.PLANT, capsys)
    assert "fns:revexp" in printed
    assert f"{float(income):,.0f}" in printed
    assert ("perhaps a group" in printed or "larger than that" in printed) == bool(message)
    assert message is None or message in printed


def test_a_liquidated_firm_has_no_status_here(tmp_path: Path) -> None:
    """The sets tell none; a status of another source is a knock-out of the lead."""
    known = attributes(made.write_sets(tmp_path), made.BUILDER)
    assert "status" not in known
    assert score_prospect(known).grade is not None
    for status in ("liquidating", "liquidated", "bankrupt"):
        assert score_prospect(known | {"status": status}).score == 0


def test_the_legal_category_is_not_the_size(tmp_path: Path) -> None:
    """A firm of category 3 with nine people counts as nine people; its age is not that of it."""
    document = made.firm(made.PLANT, "1025400000108", "-", "54", "25.11", category=3, staff=9)
    folder = made.write_sets(tmp_path, {"rsmp": [made.member(document)]})
    known = attributes(folder, made.PLANT)
    assert known["employees"] == 9
    assert not {"sme", "category", "size", "founded"} & set(known)


def test_a_wrong_name_of_an_element_is_no_data_set(tmp_path: Path) -> None:
    """The statement stands in СведДохРасх; a file with another name is refused by name."""
    member = made.member(made.statement(made.PLANT, "-", "5.00"))
    wrong = member.replace("СведДохРасх".encode(), "СведДоходРасх".encode())
    folder = made.write_sets(tmp_path, {"revexp": [wrong]})
    with pytest.raises(InputError, match=re.escape(made.FILES["revexp"]) + " holds no data set"):
        build_index(folder, tmp_path / "c.db", built=TODAY)
