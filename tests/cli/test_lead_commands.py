"""Commands score, fit and model, and their Russian texts."""

from __future__ import annotations

import ast
import csv
import json
from pathlib import Path

import pytest
from tests.scoring.conftest import History, made_up, sales_of

import abcxyz
from abcxyz.cli import main
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.i18n import catalogue
from abcxyz.scoring.vocabulary import REASONS, VERDICTS


def _write(path: Path, table: dict[str, list[object]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(table)
        for row in zip(*table.values(), strict=True):
            writer.writerow("" if value != value else value for value in row)
    return str(path)


@pytest.fixture(scope="module")
def leads() -> History:
    """Eight hundred synthetic leads."""
    return made_up(800)


@pytest.fixture(scope="module")
def files(leads: History, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write the leads with their outcome and sales to files."""
    folder = tmp_path_factory.mktemp("leads")
    table = {name: list(column) for name, column in leads.table.items()}
    table["became"] = [int(one) for one in leads.outcome]
    sales = sales_of(leads)
    return {
        "leads": _write(folder / "leads.csv", table),
        "sales": _write(
            folder / "sales.csv",
            {
                "customer": sales.customer.tolist(),
                "date": sales.day.tolist(),
                "amount": sales.amount.tolist(),
            },
        ),
        "card": str(folder / "card.json"),
        "other": str(folder / "other.json"),
    }


def test_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each lead gives one JSON object, hostile ids intact; Russian headings work."""
    file = _write(
        tmp_path / "leads.csv",
        {
            "Лид": ["<b>=1", "\x1b[31mred\u2028", "x"],
            "Оборот": ["3 000 000 000", "", "5"],
            "Численность": [900, "", 3],
        },
    )
    assert main(["score", file, "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]
    assert [one["lead"] for one in records] == ["<b>=1", "\x1b[31mred\u2028", "x"]
    assert [one["grade"] for one in records] == ["P-A", None, "P-C"]
    assert main(["score", file, "--lang", "ru"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert (
        "<b>=1\tP-A\t85,0\tЛид с высоким потенциалом. Крупная компания. "
        "Рекомендуется личный звонок РОПа.\n" in out
    )


def test_score_with_resemblance_and_careless_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Leads list similar customers; text in a number is refused or reported."""
    file = _write(
        tmp_path / "leads.csv", {"id": ["a", "b"], "turnover": ["3e9", "3e9"],
                                 "employees": ["many", 900]},
    )  # fmt: skip
    near = _write(
        tmp_path / "ours.csv",
        {"customer": ["Volga", "Ural"], "turnover": ["2e9", "1e6"], "employees": [800, 3]},
    )
    assert main(["score", file, "--lang", "ru"]) == 2
    assert "employees: на месте 0 стоит 'many'" in capsys.readouterr().err
    assert main(["score", file, "--lenient", "--like", near]) == 0
    output = capsys.readouterr()
    assert "line 2: employees holds 'many'" in output.err
    assert "Resembles: Volga, Ural." in output.out.splitlines()[1]


def test_fit_from_sales_then_info(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A card fitted to sales has its date, n, metrics and drift in the model file."""
    line = ["fit", files["leads"], "--sales", files["sales"], "--as-of", "2026-01-01"]
    line += ["--drop", "became", "--drop", "region", "--output", files["card"], "--lang", "ru"]
    assert main(line) == 0
    assert "Карта баллов: обучена" in capsys.readouterr().out
    card = Scorecard.from_json(Path(files["card"]).read_text(encoding="utf-8"))
    assert card.report["date"] == "2026-01-01"
    assert {"turnover", "industry"} <= {one.name for one in card.attributes}
    assert not {"became", "region", "lead"} & {one.name for one in card.attributes}
    assert main(["model", "info", files["card"], "--leads", files["leads"], "--lang", "ru"]) == 0
    output = capsys.readouterr().out
    assert "дата обучения: 2026-01-01" in output
    assert "лиды того же рода, что при обучении" in output
    assert main(["model", "info", files["card"], "--leads", files["leads"], "--json"]) == 0
    drift = json.loads(capsys.readouterr().out)["drift"]
    assert (drift["verdict"], drift["n"]) == ("stable", 800)
    assert main(["score", files["leads"], "--scorecard", files["card"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["basis"] == "fitted"


def test_fit_from_a_column(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A 0/1 column is the outcome; a leaking column is refused by name."""
    line = ["fit", files["leads"], "--outcome", "became", "--as-of", "2026-01-01"]
    line += ["--output", files["other"]]
    assert main([*line, "--attributes", "turnover,industry"]) == 0
    assert "Scorecard: fitted" in capsys.readouterr().out
    assert main([*line, "--attributes", "turnover,became"]) == 2
    assert "became alone tells A from others almost perfectly" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--outcome", "nothing"], "no column nothing"),
        (["--outcome", "industry"], "industry holds"),
        (["--outcome", "became", "--special", "x"], "--special 'x'"),
        (["--outcome", "became", "--date", "industry"], "which is not a date"),
    ],
)
def test_fit_refuses(
    files: dict[str, str], more: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing or unusable columns are refused, and no file is written."""
    target = files["card"] + ".no"
    assert main(["fit", files["leads"], *more, "--output", target]) == 2
    assert words in capsys.readouterr().err
    assert not Path(target).exists()


def test_recalibrate(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New outcomes change the level of probabilities and no points."""
    first, second = str(tmp_path / "first.json"), str(tmp_path / "second.json")
    line = ["fit", files["leads"], "--outcome", "became", "--as-of", "2026-01-01"]
    assert main([*line, "--attributes", "turnover,industry", "--output", first]) == 0
    line = ["fit", files["leads"], "--sales", files["sales"], "--as-of", "2026-01-01"]
    assert main([*line, "--recalibrate", first, "--output", second, "--lang", "ru"]) == 0
    assert "уровень вероятностей установлен 2026-01-01" in capsys.readouterr().out
    one, two = (Scorecard.from_json(Path(name).read_text("utf-8")) for name in (first, second))
    assert one.attributes == two.attributes
    assert one.calibration != two.calibration
    assert main([*line, "--recalibrate", str(tmp_path / "no.json"), "--output", second]) == 2


def test_headings_of_strangers(
    leads: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A heading with control characters is printed escaped and scored."""
    file = _write(
        tmp_path / "leads.csv",
        {"x\x1b[2J": list(leads.table["turnover"]), "y": [int(one) for one in leads.outcome]},
    )
    card = str(tmp_path / "card.json")
    line = ["fit", file, "--outcome", "y", "--as-of", "2026-01-01", "--output", card]
    assert main(line) == 0
    assert main(["model", "info", card]) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert r"x\u001b[2J" in output


def test_wrong_cards(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing or damaged card is refused, and a comparison with one without leads."""
    for name, written in (("a.json", "{"), ("b.toml", "x ="), ("c.json", "[]"), ("d.json", "")):
        (tmp_path / name).write_text(written, encoding="utf-8")
        assert main(["model", "info", str(tmp_path / name), "--lang", "ru"]) == 2
        assert "не читается" in capsys.readouterr().err
    assert main(["model", "info", str(tmp_path / "none.toml")]) == 2
    rules = Path(abcxyz.__file__).parent / "core" / "prospects" / "scorecard.toml"
    assert main(["model", "info", str(rules), "--lang", "ru"]) == 0
    assert "Карта баллов: по правилам" in capsys.readouterr().out
    assert main(["model", "info", str(rules), "--leads", files["leads"]]) == 2
    assert "nothing to compare" in capsys.readouterr().err


def test_every_phrase_is_translated() -> None:
    """Each template of scoring and fitting has a Russian translation."""
    root = Path(abcxyz.__file__).parent
    files = [*root.glob("core/prospects/*.py"), *root.glob("scoring/*.py")]
    files += [
        root / "cli" / "commands" / "leads" / f"{name}.py" for name in ("score", "fit", "model")
    ]
    files += [root / "cli" / "inputs" / "leads.py"]
    result = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = getattr(node.func, "id", ""), node.args[0]
            shown = name in ("InputError", "ConfigError", "text")
            if shown and isinstance(first, ast.Constant):
                result.add(str(first.value))
    result |= {*REASONS.values(), *VERDICTS.values()}
    assert len(result) > 60
    assert result - set(catalogue("ru")) == set()
