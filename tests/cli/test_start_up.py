"""What a start of the program loads: modules are counted, not seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

HEAVY = {
    "numpy",
    "pandas",
    "requests",
    "narwhals",
    "pyarrow",
    "sqlalchemy",
    "jinja2",
    "xlsxwriter",
}


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter loads for some code."""
    script = (
        f"import sys\ntry:\n    exec({code!r})\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_importing_the_package_loads_no_algorithm() -> None:
    """The names of the core are loaded with the first of them."""
    modules = loaded_by("import abcxyz")
    assert not HEAVY & packages(modules)
    assert not [name for name in modules if name.startswith("abcxyz.core")]
    used = loaded_by("import abcxyz; abcxyz.classify_abc([3, 2, 1])")
    assert packages(used) & HEAVY == {"numpy"}


def test_a_star_import_has_every_name() -> None:
    assert "abcxyz.core" in loaded_by("from abcxyz import *; analyze")


@pytest.mark.parametrize("words", [["--help"], ["--lang", "ru", "--help"], ["--version"]])
def test_help_loads_no_adapter(words: list[str]) -> None:
    """The list of commands, with those of plugins, loads no data frames and no network."""
    modules = loaded_by(f"from abcxyz.cli import main; main({words!r})")
    assert not HEAVY & packages(modules)
    assert not [name for name in modules if name.startswith(("abcxyz.core", "abcxyz.tables"))]


@pytest.mark.parametrize(("given", "kept"), [(None, "1"), ("3", "3")])
def test_a_command_does_linear_algebra_in_one_thread_unless_told(
    given: str | None, kept: str
) -> None:
    """The library leaves it to its user; numpy reads the number when it is loaded."""
    code = (
        "import os, sys, abcxyz.cli\n"
        "print(os.environ.get('OPENBLAS_NUM_THREADS'), 'numpy' in sys.modules)\n"
        "abcxyz.cli.main(['plugins', '--json'])\n"
        "print(os.environ['OPENBLAS_NUM_THREADS'], file=sys.stderr)"
    )
    env = {key: one for key, one in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=env if given is None else {**env, "OPENBLAS_NUM_THREADS": given},
    )
    assert done.stdout.splitlines()[0] == f"{given} False"
    assert done.stderr.splitlines()[-1] == kept


#: What no file of sales needs that is read, classified and shown in a terminal or as JSON.
UNWANTED = (
    *("pandas", "narwhals", "matplotlib", "jinja2", "sqlalchemy", "openpyxl", "xlsxwriter"),
    *("requests", "urllib3", "sklearn", "scipy"),
    *("abcxyz.crm", "abcxyz.pipeline", "abcxyz.frames", "abcxyz.registry", "abcxyz.report"),
)
#: Lines with what has to be counted: a copy, a return, blank and missing cells, a total.
LINES = [
    ("Ann", "2026-09-30", "7", "D1"),
    ("Ann", "2026-09-30", "7", "D1"),
    ("Bob", "2026-10-05", "-5", "D2"),
    ("", "2026-10-06", "6.50", "D3"),
    ("Eve", "", "8", ""),
    ("Eve", "2026-10-07", "", "D4"),
    ("Total", "", "17", ""),
]


def sales_file(kind: str, folder: Path) -> Path:
    """Write the lines in a format."""
    head = ["customer", "date", "amount", "document"]
    frame = pd.DataFrame(LINES, columns=pd.Index(head))
    path = folder / f"sales.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
        return path
    typed = frame.assign(
        date=pd.to_datetime(frame["date"]), amount=frame["amount"].replace("", None)
    )
    typed["amount"] = typed["amount"].astype(float)
    if kind == "parquet":
        typed.to_parquet(path)
    elif kind == "xlsx":
        typed.to_excel(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


@pytest.mark.parametrize("words", [["--json"], []], ids=["json", "text"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "jsonl"])
def test_classifying_a_file_loads_what_it_needs(
    kind: str, words: list[str], tmp_path: Path
) -> None:
    """Data frames, reports, jobs and the network are not what a file of sales needs."""
    file = sales_file(kind, tmp_path)
    call = ["classify", str(file), "--as-of", "2026-11-01", *words]
    modules = loaded_by(f"from abcxyz.cli import main; main({call!r})")
    assert "abcxyz.core.analysis.analyze" in modules
    assert not [name for name in modules if name.startswith(UNWANTED)]
    assert kind == "parquet" or "ssl" not in modules  # Arrow loads it for files on the network


def test_a_job_of_files_loads_no_other_adapter(tmp_path: Path) -> None:
    """Neither the adapters of servers, nor what talks to them, nor the reports of a CRM."""
    file = sales_file("csv", tmp_path)
    job = tmp_path / "job.toml"
    job.write_text(
        f"""[[source]]
kind = "csv"
path = '{file}'

[[sink]]
kind = "json"
path = '{tmp_path / "out.json"}'
""",
        "utf-8",
    )
    call = ["run", str(job), "--as-of", "2026-11-01", "--json"]
    modules = loaded_by(f"from abcxyz.cli import main; main({call!r})")
    assert (tmp_path / "out.json").is_file()
    assert not {"abcxyz_bitrix", "abcxyz_onec", "requests", "pandas"} & packages(modules)
    assert "abcxyz.crm.settings" in modules
    assert "abcxyz.crm.reports.registry" not in modules


def test_the_settings_of_a_crm_load_no_report() -> None:
    reports = "abcxyz.crm.reports.registry"
    assert reports not in loaded_by("import abcxyz.crm.settings")
    assert reports in loaded_by("import abcxyz.crm; abcxyz.crm.funnel")


def test_looking_into_a_file_loads_no_data_frames(tmp_path: Path) -> None:
    call = ["inspect", str(sales_file("csv", tmp_path)), "--json"]
    modules = loaded_by(f"from abcxyz.cli import main; main({call!r})")
    assert "abcxyz.tables.inspection.inspect_file" in modules
    assert not [name for name in modules if name.startswith(UNWANTED)]


def test_help_lists_the_commands_of_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    from abcxyz.cli import COMMANDS, main

    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*COMMANDS, "bitrix24"))
    assert "classify the customers of a file of sales" in shown
