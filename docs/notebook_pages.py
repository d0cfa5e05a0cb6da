"""Notebooks of the documentation: pages of text whose code runs while the pages are built.

A page in ``docs/notebooks`` is plain Markdown. Its Python blocks run one after another in one
namespace; what they print, and the value of a last expression, stands below each block. The same
cells are written as an ``.ipynb`` beside the page.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import warnings
from pathlib import Path
from typing import Any

from attrs import field, frozen

__all__ = ["Cell", "cells_of", "notebook_of", "page_of", "run_cells"]

_BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


@frozen
class Cell:
    """A cell: its kind (``markdown`` or ``code``), its text, and the outputs of code."""

    kind: str
    text: str
    outputs: tuple[dict[str, Any], ...] = field(default=())


def cells_of(page: str) -> list[Cell]:
    """Divide a page into its cells."""
    cells, at = [], 0
    for block in _BLOCK.finditer(page):
        cells += [Cell("markdown", page[at : block.start()]), Cell("code", block[1])]
        at = block.end()
    cells.append(Cell("markdown", page[at:]))
    return [one for one in cells if one.text.strip()]


def run_cells(cells: list[Cell], name: str) -> list[Cell]:
    """Run the code of all cells in one namespace, as a notebook does."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [
        Cell("code", one.text, _outputs(one.text, names, name)) if one.kind == "code" else one
        for one in cells
    ]


def _outputs(code: str, names: dict[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    tree = ast.parse(code, name)
    last = tree.body[-1] if tree.body else None
    shown = last.value if isinstance(last, ast.Expr) else None
    if shown is not None:
        tree.body.pop()
    written, value = io.StringIO(), None
    with contextlib.redirect_stdout(written), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(tree, name, "exec"), names)
        if shown is not None:
            value = eval(compile(ast.Expression(shown), name, "eval"), names)
    outputs: list[dict[str, Any]] = []
    if written.getvalue():
        text = written.getvalue()
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        data = {"text/plain": str(value) if hasattr(value, "_repr_svg_") else repr(value)}
        for kind, method in (("image/svg+xml", "_repr_svg_"), ("text/html", "_repr_html_")):
            if hasattr(value, method):
                data[kind] = getattr(value, method)()
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    return tuple(outputs)


def page_of(cells: list[Cell]) -> str:
    """Return the Markdown of the page, with the outputs below their code."""
    parts = []
    for cell in cells:
        if cell.kind == "markdown":
            parts.append(cell.text)
            continue
        parts.append(f"```python\n{cell.text}```\n\n")
        parts += [_shown(one) for one in cell.outputs]
    return "".join(parts)


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    html = data.get("image/svg+xml") or data.get("text/html")
    if html is not None:
        return f'```{{raw}} html\n<div class="output">{html}</div>\n```\n\n'
    return f"```text\n{(output.get('text') or data['text/plain']).rstrip()}\n```\n\n"


def notebook_of(cells: list[Cell]) -> str:
    """Return the cells as a notebook, the content of an ``.ipynb``."""
    written: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        source = cell.text.strip("\n").splitlines(keepends=True)
        entry: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": list(cell.outputs)}
        written.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": written,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def build_page(app: Any, name: str, source: list[str]) -> None:
    """Run a page of the folder ``notebooks`` when Sphinx reads it."""
    folder, _, page = name.partition("/")
    if folder != "notebooks" or page == "index":
        return
    cells = run_cells(cells_of(source[0]), f"{name}.md")
    target = Path(app.outdir) / "notebooks" / f"{page}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(notebook_of(cells), encoding="utf-8")
    link = f'<p><a href="{page}.ipynb" download>{page}.ipynb</a></p>'
    source[0] = f"{page_of(cells)}\n```{{raw}} html\n{link}\n```\n"
