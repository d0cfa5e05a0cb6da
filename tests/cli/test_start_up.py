"""What a start of the program loads: modules are counted, not seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


def test_classifying_a_file_loads_no_pipeline(tmp_path: Path) -> None:
    """Reports, jobs and data frames of other libraries are not what a file of sales needs."""
    file = tmp_path / "sales.csv"
    file.write_text("customer,date,amount\nAnn,2026-09-30,7\nBob,2026-10-05,5\n")
    words = ["classify", str(file), "--as-of", "2026-11-01", "--json"]
    modules = loaded_by(f"from abcxyz.cli import main; main({words!r})")
    assert "abcxyz.core.analysis.analyze" in modules
    unwanted = ("abcxyz.crm", "abcxyz.pipeline", "abcxyz.frames", "abcxyz.registry", "narwhals")
    assert not [name for name in modules if name.startswith(unwanted)]


def test_help_lists_the_commands_of_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    from abcxyz.cli import COMMANDS, main

    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*COMMANDS, "bitrix24"))
    assert "classify the customers of a file of sales" in shown
