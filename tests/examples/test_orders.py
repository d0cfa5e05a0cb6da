"""Adapter shown in the documentation: short, installable and conforming."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from tests.conftest import ROOT

from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import BadDataError
from abcxyz.plugins import Source
from abcxyz.testing import SourceContract, make_transactions
from abcxyz.testing.synthetic import YEAR

EXAMPLE = ROOT / "docs" / "examples" / "orders"
PAGES = [ROOT / "docs" / "how-to" / f"write-an-adapter{lang}.md" for lang in ("", ".ru")]


def example() -> ModuleType:
    """Load the module from the documentation."""
    spec = importlib.util.spec_from_file_location("abcxyz_orders", EXAMPLE / "abcxyz_orders.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(path: Path, sales: Transactions) -> None:
    """Write sales in the shop's export format, with one unpaid order."""
    lines = [
        {"client": customer, "date": f"{day}T23:59:59", "total": amount, "status": "paid"}
        for customer, day, amount in zip(
            sales.customer.tolist(), sales.day.tolist(), sales.amount.tolist(), strict=True
        )
    ]
    lines.append({**lines[0], "status": "cancelled"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


class TestOrders(SourceContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Callable[[Transactions], Source]:
        def store(sales: Transactions) -> Source:
            save(tmp_path / "orders.jsonl", sales)
            source: Source = example().Orders(tmp_path / "orders.jsonl")
            return source

        return store

    @pytest.fixture
    def make_source(self, store: Callable[[Transactions], Source]) -> Callable[[], Source]:
        source = store(make_transactions())
        return lambda: source

    @pytest.fixture
    def failures(self, tmp_path: Path) -> Sequence[Callable[[], object]]:
        def read(name: str, line: str) -> Callable[[], object]:
            path = tmp_path / name
            path.write_text(line, encoding="utf-8")
            return lambda: list(example().Orders(path).transactions(YEAR))

        return [
            read("torn", '{"client": "a"\n'),
            read("odd", '{"status": "paid", "date": "31.10.2026", "client": "a", "total": 1}\n'),
        ]


def test_the_adapter_has_at_most_40_lines_with_its_entry_point() -> None:
    """Module and pyproject.toml have at most 40 lines."""
    files = [EXAMPLE / "abcxyz_orders.py", EXAMPLE / "pyproject.toml"]
    assert 40 >= sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_docs_show_it_from_its_file(page: Path) -> None:
    """Pages in both languages include the files instead of copying them."""
    text = page.read_text(encoding="utf-8")
    for name in ("abcxyz_orders.py", "pyproject.toml"):
        assert f"{{literalinclude}} ../examples/orders/{name}" in text


def test_a_torn_line_is_named(tmp_path: Path) -> None:
    """A malformed line raises the library's error with its position."""
    (tmp_path / "torn.jsonl").write_text("{}\n{\n")
    with pytest.raises(BadDataError, match="line 1 is no order"):
        list(example().Orders(tmp_path / "torn.jsonl").transactions(YEAR))


def test_its_wheel_runs_a_job_beside_ours(tmp_path: Path) -> None:
    """The built wheel is discovered when installed and runs a job."""
    pytest.importorskip("pip")
    pytest.importorskip("hatchling")

    def call(*words: str, **extra: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **extra},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    offline = ("--no-deps", "--no-index", "--quiet")
    call("pip", "wheel", *offline, "--no-build-isolation", "-w", "wheels", str(EXAMPLE))
    [wheel] = (tmp_path / "wheels").iterdir()
    call("pip", "install", *offline, "--target", "packages", str(wheel))
    beside = {"PYTHONPATH": str(tmp_path / "packages")}
    assert "source orders  (abcxyz-orders 1.0)" in call("abcxyz", "plugins", **beside)
    save(tmp_path / "orders.jsonl", make_transactions())
    (tmp_path / "job.toml").write_text(
        '[[source]]\nkind = "orders"\npath = "orders.jsonl"\n'
        '[[sink]]\nkind = "jsonl"\npath = "segments.jsonl"\n'
    )
    output = call("abcxyz", "run", "job.toml", "--as-of", "2026-11-01", **beside)
    assert "jsonl: written 17, unchanged 0, refused 0" in output
    assert 17 == len((tmp_path / "segments.jsonl").read_text(encoding="utf-8").splitlines())
