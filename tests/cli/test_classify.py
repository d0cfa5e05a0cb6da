"""``abcxyz classify``, from a sales file to nine segments."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from abcxyz.cli import main
from abcxyz.demo import DEMO_AS_OF, demo_sales

AS_OF = "2026-11-01"
HOSTILE = [
    '=HYPERLINK("http://evil";"x")',
    "<script>alert(1)</script>",
    "@SUM(1)",
    "+7 900",
    "-2+3",
    'ООО "Рога; и, копыта"',
    "\N{RIGHT-TO-LEFT OVERRIDE}evil",
    "🙂 Ёж",
    "x" * 10_000,
]


@pytest.fixture(scope="module")
def demo() -> pd.DataFrame:
    sales = demo_sales(customers=80)
    return pd.DataFrame(
        {
            "customer": sales.transactions.customer,
            "date": sales.transactions.day,
            "amount": sales.transactions.amount,
            "doc": sales.transactions.document,
        }
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def classified(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code, out, err = run(capsys, "classify", *arguments, "--as-of", AS_OF, "--json")
    assert code == 0, err
    data: dict[str, Any] = json.loads(out)
    return data


def russian(frame: pd.DataFrame) -> bytes:
    wide = frame.rename(columns={"customer": "Контрагент", "date": "Дата", "amount": "Сумма"})
    wide["Дата"] = wide["Дата"].dt.strftime("%d.%m.%Y")
    wide = wide.rename(columns={"doc": "Номер документа"})
    return wide.to_csv(sep=";", decimal=",", index=False).encode("cp1251")


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "plain.csv": lambda frame, path: frame.to_csv(path, index=False),
    "bom.csv": lambda frame, path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
    "russian.csv": lambda frame, path: path.write_bytes(russian(frame)),
    "russian.csv.gz": lambda frame, path: path.write_bytes(gzip.compress(russian(frame))),
    "sales.parquet": lambda frame, path: frame.to_parquet(path),
    "sales.xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file(
    name: str, demo: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file format gives the same matrix with columns recognised."""
    WRITERS["plain.csv"](demo, tmp_path / "reference.csv")
    WRITERS[name](demo, tmp_path / name)

    expected = classified(capsys, tmp_path / "reference.csv")
    data = classified(capsys, tmp_path / name)

    assert expected["matrix"] == data["matrix"]
    assert expected["abc"] == data["abc"]


def test_the_object(
    demo: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` prints one object with consistent parts."""
    file = tmp_path / "sales.csv"
    demo.to_csv(file, index=False)

    data = classified(capsys, file)

    assert {"as_of", "window", "customers", "quality", "abc", "xyz", "matrix", "bcg"} <= set(data)
    assert data["as_of"] == AS_OF
    assert (data["window"]["since"], data["window"]["until"]) == ("2025-11-01", "2026-11-01")
    cells = data["matrix"]
    assert len(cells) == 9
    assert data["customers"] == sum(cell["customers"] for cell in cells.values())
    for axis, place in (("abc", 0), ("xyz", 1)):
        for letter, one in data[axis]["classes"].items():
            inside = [cell for name, cell in cells.items() if name[place] == letter]
            assert one["customers"] == sum(cell["customers"] for cell in inside)
            assert one["value"] == pytest.approx(sum(cell["value"] for cell in inside))
    assert sum(group["customers"] for group in data["bcg"].values()) == data["customers"]
    assert data["abc"]["cuts"]["A"] > data["abc"]["cuts"]["B"] > 0
    assert data["quality"]["rows"] == len(demo)


@pytest.mark.parametrize(
    "options",
    [
        ["--period", "8Q", "--bucket", "M"],
        ["--period", "12W"],
        ["--metric", "count"],
        ["--abc", "shares:0.70,0.90", "--xyz", "limits:0.25,0.50"],
        ["--abc", "cumulative-mean", "--xyz", "cumulative-mean"],
        ["--abc", "count-shares", "--xyz", "limits"],
        ["--abc", "limits:100000,10000"],
    ],
)
def test_options_reach_the_computation(
    options: list[str], demo: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option appears in the settings and changes the result."""
    file = tmp_path / "sales.csv"
    demo.to_csv(file, index=False)

    plain, data = classified(capsys, file), classified(capsys, file, *options)

    assert plain["settings"] != data["settings"]
    assert (plain["abc"], plain["xyz"]) != (data["abc"], data["xyz"])


def test_hostile_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No text from the data becomes a formula, a link or markup in any file."""
    rows = [(name, day, 100 + i) for i, name in enumerate(HOSTILE) for day in ("5.1.26", "5.2.26")]
    frame = pd.DataFrame(rows, columns=["customer", "date", "amount"])
    frame["date"] = frame["date"].map({"5.1.26": "2026-01-05", "5.2.26": "2026-02-05"})
    frame.to_csv(tmp_path / "sales.csv", index=False)

    for lang in ("en", "ru"):
        out = tmp_path / lang
        code, shown, _ = run(
            capsys, "classify", tmp_path / "sales.csv", "--as-of", AS_OF, "--out", out,
            "--lang", lang,
        )  # fmt: skip
        assert code == 0
        # The page has two scripts: the data, and that of its template.
        assert 2 == (out / "report.html").read_text("utf-8").count("<script")
        text = (out / "segments.csv").read_text("utf-8-sig")
        cells = list(csv.reader(io.StringIO(text), delimiter=";" if lang == "ru" else ","))
        assert not any(row[0][:1] in "=+-@" for row in cells[1:])
        visible = {name.replace("\u202e", "").lstrip("'") for name in HOSTILE}
        assert {row[0].lstrip("'") for row in cells[1:]} == visible
        book = openpyxl.load_workbook(out / "segments.xlsx")
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f"
                    assert cell.hyperlink is None
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        assert summary["customers"] == len(HOSTILE)
        assert shown


def test_russian_excel_opens_the_csv(
    demo: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Russian CSV has a BOM, semicolons, decimal commas and day-first dates."""
    demo.to_csv(tmp_path / "sales.csv", index=False)
    run(capsys, "classify", tmp_path / "sales.csv", "--as-of", AS_OF, "--out", tmp_path,
        "--lang", "ru")  # fmt: skip

    raw = (tmp_path / "segments.csv").read_bytes()
    head, first, *_ = raw.decode("utf-8-sig").split("\r\n")

    assert raw.startswith(b"\xef\xbb\xbf")
    assert head.split(";")[:3] == ["Клиент", "Название", "Сегмент"]
    value, last = first.split(";")[5], first.split(";")[10]
    assert float(value.replace(",", ".")) > 0
    assert "." not in value
    assert date(int(last[6:]), int(last[3:5]), int(last[:2])) < DEMO_AS_OF


@pytest.mark.parametrize(
    ("arguments", "english", "russian"),
    [
        (["nowhere.csv"], "there is no file", "нет файла"),
        (["sales.csv", "--customer", "who"], "no column 'who'", "нет колонки 'who'"),
        (["sales.csv", "--as-of", "soon"], "'soon' is not a date", "'soon' — не дата"),
        (
            ["sales.csv", "--as-of", "2035-01-01"],
            "no sale lies in the window",
            "нет ни одной продажи",
        ),
        (["sales.csv", "--period", "year"], "'year' cannot be read", "'year'"),
        (["sales.csv", "--abc", "magic"], "'magic' is unknown", "неизвестное правило"),
        (["sales.csv", "--abc", "shares:0.95,0.8"], "0 < a < b <= 1", "0 < a < b <= 1"),
        (["sales.csv", "--metric", "profit"], "needs the cost", "нужна себестоимость"),
        (["sales.csv", "--rate", "USD"], "'USD' cannot be read", "'USD' не читается"),
        (["sales.csv", "--currency", "USD"], "no column of currencies", "нет колонки валют"),
    ],
)
def test_errors_speak_the_users_language(
    arguments: list[str],
    english: str,
    russian: str,
    demo: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Wrong input exits with 2 and one sentence in the chosen language."""
    demo.to_csv(tmp_path / "sales.csv", index=False)
    file, *options = arguments
    if "--as-of" not in options:
        options += ["--as-of", AS_OF]

    for lang, words in (("en", english), ("ru", russian)):
        code, out, err = run(capsys, "classify", tmp_path / file, *options, "--lang", lang)
        assert (code, out) == (2, "")
        assert words in err
        assert "Traceback" not in err


def test_unwritable_folder(
    demo: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A blocked output does not stop the others; the exit code is 3."""
    demo.to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "out" / "segments.xlsx").mkdir(parents=True)

    code, _, err = run(
        capsys, "classify", tmp_path / "sales.csv", "--as-of", AS_OF, "--out", tmp_path / "out"
    )

    assert code == 3
    assert "cannot be written" in err
    assert (tmp_path / "out" / "report.html").is_file()


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The demonstration writes four files and a CRM, prints the matrix and is repeatable."""
    first = run(capsys, "demo", "--out", tmp_path / "a")
    second = run(capsys, "demo", "--out", tmp_path / "b")

    assert first[0] == 0
    assert "Matrix" in first[1]
    assert first[1].replace(str(tmp_path / "a"), "") == second[1].replace(str(tmp_path / "b"), "")
    names = ["crm", "report.html", "segments.csv", "segments.xlsx", "summary.json"]
    assert names == sorted(file.name for file in (tmp_path / "a").iterdir())
    tables = [file.relative_to(tmp_path / "a") for file in (tmp_path / "a/crm").iterdir()]
    assert len(tables) > 3
    for name in (*map(Path, names[1:]), *tables):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    cells = json.loads((tmp_path / "a" / "summary.json").read_text("utf-8"))["matrix"]
    assert all(cell["customers"] for cell in cells.values())


@pytest.mark.parametrize(
    ("name", "as_of", "since", "until"),
    [
        ("online_retail", "2011-12-09", "2010-12-01", "2011-12-01"),
        ("cdnow", "1998-07-01", "1997-07-01", "1998-07-01"),
        ("complete_journey", "2018-01-01", "2017-01-01", "2018-01-01"),
        ("northwind", "1998-05-06", "1997-05-01", "1998-05-01"),
        ("chinook", "2026-01-01", "2025-01-01", "2026-01-01"),
    ],
)
def test_real_sales(
    name: str,
    as_of: str,
    since: str,
    until: str,
    shared_data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Real ledgers need no option but the date, exact to the customer and cent."""
    file = shared_data / f"{name}.csv.gz"
    frame = pd.read_csv(file, dtype={"customer_id": "string"}, parse_dates=["date"])
    inside = frame[(frame["date"] >= since) & (frame["date"] < until)].dropna()
    totals = inside.groupby("customer_id")["amount"].sum()
    above = totals[totals >= totals.mean()]

    code, out, err = run(capsys, "classify", file, "--as-of", as_of, "--json")
    data = json.loads(out)

    assert code == 0, err
    assert len(totals) == data["customers"]
    assert len(above) == data["abc"]["classes"]["A"]["customers"]
    assert above.sum() == pytest.approx(data["abc"]["classes"]["A"]["value"], rel=1e-12)
    assert totals.mean() == pytest.approx(data["abc"]["cuts"]["A"], rel=1e-12)


def test_real_sales_in_five_currencies(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five currencies are not summed without rates, and are with them."""
    file = shared_data / "contoso.csv.gz"
    rates = ["USD=1", "EUR=1.1", "GBP=1.25", "CAD=0.75", "AUD=0.65"]
    options = [part for rate in rates for part in ("--rate", rate)]

    refused = run(capsys, "classify", file, "--as-of", "2024-04-25")
    code, out, _ = run(capsys, "classify", file, "--as-of", "2024-04-25", "--json", *options)

    assert refused[0] == 2
    assert "mixes 5 currencies" in refused[2]
    assert code == 0
    assert json.loads(out)["customers"] > 1000


def test_an_old_file_suggests_a_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sales before the lookback alone: the error names the last sale and a day that works."""
    file = tmp_path / "sales.csv"
    file.write_text("customer,date,amount\nAnn,2019-03-05,7\nBob,2019-04-05,5\n", "utf-8")
    assert main(["classify", str(file), "--as-of", "2026-11-01"]) == 2
    assert "the last known sale is of 2019-04-05: take 2019-05-01" in capsys.readouterr().err


def test_a_warning_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sales that end long before the window does are warned of in one line."""
    file = tmp_path / "sales.csv"
    file.write_text("customer,date,amount\nAnn,2025-11-05,7\nBob,2026-02-05,5\n", "utf-8")
    assert main(["classify", str(file), "--as-of", "2026-11-01"]) == 0
    assert capsys.readouterr().err.count("the last sale is of 2026-02-05") == 1


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_a_terminal_shows_what_is_being_done(tmp_path: Path) -> None:
    """Reading, classifying and every file are named on a terminal, and nothing in a pipe."""
    import pty

    (tmp_path / "sales.csv").write_text(
        "customer,date,amount\nAnn,2026-09-30,7\nBob,2026-10-05,5\n"
    )
    command = [
        *(sys.executable, "-m", "abcxyz", "classify", "sales.csv", "--as-of", "2026-11-01"),
        *("--out", "made", "--lang", "ru"),
    ]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal, os.fdopen(theirs, "wb") as stream:
        done = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=stream, check=True
        )
        shown = terminal.read(1 << 16).decode()
    for part in ("чтение sales.csv", "строк: 2", "классификация", "запись в report.html"):
        assert part in shown
    assert shown.endswith("\r\x1b[K")
    assert "\r\x1b[Kabcxyz: продажи начинаются" in shown  # a warning stands on a line of its own
    assert "чтение" not in done.stdout.decode()
    piped = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert "чтение" not in piped.stderr.decode()
