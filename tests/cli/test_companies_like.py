"""``abcxyz companies like`` over a history and an index, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.companies.fns import data_sets as made

from abcxyz.cli import main

AS_OF = ["--as-of", "2026-11-29"]


def inn(nine: str) -> str:
    """Return an INN that begins with these digits."""
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return nine + str(sum(w * int(d) for w, d in zip(weights, nine, strict=True)) % 11 % 10)


BIG, SMALL, ALIKE, OTHER, UNKNOWN = (
    inn(nine) for nine in ("770700001", "540600001", "770700002", "540600002", "770700003")
)
FIRMS = [
    # INN, region, code, staff, income
    (BIG, "77", "46.31", 120, "640000000.00"),
    (SMALL, "54", "41.20", 5, "9000000.00"),
    (ALIKE, "77", "46.90", 118, "650000000.00"),
    (OTHER, "54", "41.20", 5, "9000000.00"),
    (UNKNOWN, None, None, 120, None),
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with an index, and a history of one large and one small customer."""
    folder = tmp_path_factory.mktemp("like")
    sets = {
        "rsmp": [
            made.member(
                *(
                    made.firm(one, "1177700000103", f'ООО "{one}"', region, code)
                    for one, region, code, _, _ in FIRMS
                    if region and code
                ),
                made.sole_trader(),
            )
        ],
        "sshr2019": [made.member(*(made.headcount(one, "-", n) for one, _, _, n, _ in FIRMS))],
        "revexp": [
            made.member(
                *(made.statement(one, "-", income) for one, _, _, _, income in FIRMS if income)
            )
        ],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["companies", "build", str(made.write_sets(folder / "sets", sets))]) == 0
        write_history({BIG: 9000, SMALL: 10, made.PERSON: 8, "cash": 2})
    return folder


@pytest.fixture
def folder(
    original: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Working directory of a test, a copy of the original."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()


def write_history(sales: dict[str, int]) -> None:
    """Write a history of one snapshot."""
    lines = [
        f"{customer},2026-{month:02}-03,{amount}"
        for customer, amount in sales.items()
        for month in range(1, 11)
    ]
    Path("sales.csv").write_text("customer,date,amount\n" + "\n".join(lines) + "\n")
    assert main(["backfill", "sales.csv", "--from", "2026-10", "--period", "6M",
                 "--as-of", "2026-11-10", "--history", "history.db"]) == 0  # fmt: skip


def like(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    assert main(["companies", "like", "--history", "history.db", *AS_OF, "--json", *options]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


@pytest.mark.usefixtures("folder")
def test_companies_that_are_no_customers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest first, with what was compared and what is unknown; no customer, no person."""
    printed = like(capsys)
    rows = [(one["inn"], one["resembles"], one["unknown"]) for one in printed["companies"]]
    assert rows == [(ALIKE, BIG, []), (OTHER, BIG, [])]
    assert printed["companies"][0]["distance"] < 0.01 < 0.9 < printed["companies"][1]["distance"]
    assert (printed["compared"], printed["too_little_known"]) == (2, 1)
    assert printed["class_a"] == printed["class_a_in_index"] == 1
    assert printed["customers_without_inn"] == 2
    assert printed["companies"][0]["compared"] == ["employees", "turnover", "industry", "region"]
    assert made.PERSON not in json.dumps(printed)


@pytest.mark.usefixtures("folder")
def test_the_text_names_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """In both languages, with what may be missing from the picture."""
    command = ["companies", "like", "--history", "history.db", *AS_OF, "--top", "1"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "1 of 1 customer of class A of 2026-10-31 is in the index" in printed
    assert f'ООО "{ALIKE}": 118 staff, wholesale, Moscow, 650 M a year (2025)' in printed
    assert "2 customers of the history have no INN" in printed
    assert OTHER not in printed
    assert main([*command, "--lang", "ru"]) == 0
    assert "118 чел., оптовая торговля, Москва, 650 млн в год (2025)" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "expected", "unknown"),
    [
        (["--region", "54"], [OTHER], 0),
        (["--region", "77,54", "--industry", "F"], [OTHER], 1),
        (["--industry", "46"], [ALIKE], 1),
        (["--industry", "46.3"], [], 1),
    ],
)
def test_regions_and_industries_are_selected(
    capsys: pytest.CaptureFixture[str], options: list[str], expected: list[str], unknown: int
) -> None:
    """A section, a class or a code with those below it; the unknown are counted."""
    printed = like(capsys, *options)
    assert [one["inn"] for one in printed["companies"]] == expected
    assert printed["region_or_industry_unknown"] == unknown


@pytest.mark.usefixtures("folder")
def test_numbers_may_come_from_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the history holds other identifiers; a firm of the table is no prospect."""
    write_history({"17": 9000, "18": 10})
    capsys.readouterr()
    Path("inns.csv").write_text(f"id,ИНН\n17,{BIG}\n18,{SMALL}\n99,{OTHER}\n")
    printed = like(capsys, "--customers", "inns.csv")
    found = [one["inn"] for one in printed["companies"]]
    assert found[0] == ALIKE
    assert OTHER not in found
    assert printed["companies"][0]["resembles"] in ("17", 17)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--region", "Moscow"], "'Moscow' is no region; write its two digits"),
        (["--industry", "trade"], "is no industry; write a section such as G"),
        (["--top", "0"], "--top is 0; use one or more"),
        (["--customers", "sales.csv"], "sales.csv needs the columns id and inn; it has"),
        (["--db", "none.db"], "there is no index of companies at none.db"),
        (["--job", "other"], "history.db holds no snapshot"),
    ],
)
def test_wrong_options_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    """With the cure."""
    assert main(["companies", "like", "--history", "history.db", *AS_OF, *options]) != 0
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_history_without_numbers_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to name them."""
    Path("history.db").unlink()
    write_history({"17": 9000})
    assert main(["companies", "like", "--history", "history.db", *AS_OF]) == 2
    assert "name a table of customers with their INN by --customers" in capsys.readouterr().err
