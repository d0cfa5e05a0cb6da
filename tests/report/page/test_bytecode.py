"""Compiled templates are kept between processes, and never needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from abcxyz.report.page.render import environment

jinja2 = pytest.importorskip("jinja2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the compiled code of this process written to an empty folder."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def load(name: str = "result.html") -> None:
    environment.__wrapped__().get_template(name)


def compiled(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jinja"))


def test_templates_are_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    (file,) = compiled(folder)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    load()
    file.unlink()
    with pytest.raises(AssertionError, match="compiled again"):
        load()


@pytest.mark.parametrize("size", [0, 2, 14, 20, 200, -1])
def test_damaged_code_is_compiled_again(folder: Path, size: int) -> None:
    load()
    (file,) = compiled(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:size])
    load()
    assert compiled(folder) == [file]
    assert file.read_bytes() == whole


def test_nothing_is_written_where_python_may_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    load()
    assert not compiled(folder)


def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("not a folder")
    monkeypatch.setattr(sys, "pycache_prefix", str(folder / "file"))
    load()
    assert not compiled(folder)
