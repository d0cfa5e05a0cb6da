"""An analysis as aligned plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from abcxyz.cli.output.terminal import printable
from abcxyz.core.analysis.record import summary_object
from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.i18n import date_text, money, number, percent, text, translate
from abcxyz.toolkit.catalogue import Figure

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["render", "table"]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Align cells in columns: the first column to the left, the others to the right.

    Examples
    --------
    >>> print(table([["", "X"], ["A", "12"]]))
        X
    A  12
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)


def render(analysis: Analysis, lang: str) -> str:
    """Return the text of an analysis: window, data quality, cuts, matrix and groups."""
    summary = summary_object(analysis)
    blocks = [_head(summary, analysis.snapshot.periods.unit.label, lang)]
    if analysis.quality is not None:
        notices = [printable(translate(one, lang)) for one in analysis.quality.notices]
        if notices:
            blocks.append("\n".join(f"{text('Attention', lang)}: {one}" for one in notices))
    if analysis.quality is not None and summary["quality"]:
        blocks.append(_quality(summary["quality"], analysis.quality.remarks, lang))
    blocks += [_classes(summary, lang), _matrix(summary, lang), _groups(summary, lang)]
    return "\n\n".join(blocks)


def _head(summary: dict[str, Any], unit: str, lang: str) -> str:
    window = summary["window"]
    since, until = date.fromisoformat(window["since"]), date.fromisoformat(window["until"])
    lines = [
        text(
            "Window: {first} to {last}",
            lang,
            first=date_text(since, lang),
            last=date_text(until - timedelta(days=1), lang),
        ),
        text(
            "Lookback for the rhythm of orders and known customers: from {first}",
            lang,
            first=date_text(date.fromisoformat(summary["lookback"]["since"]), lang),
        ),
        text(
            "Buckets: {count} ({unit})",
            lang,
            count=window["buckets"],
            unit=text(unit, lang),
        ),
        f"{text('Customers', lang)}: {number(summary['customers'], lang)}",
    ]
    return "\n".join(lines)


def _quality(quality: dict[str, Any], remarks: Sequence[str], lang: str) -> str:
    title = text(
        "{used} of {rows} lines used",
        lang,
        used=Figure(quality["used"]),
        rows=Figure(quality["rows"]),
    )
    lines = [f"{text('Data quality', lang)}: {title}"]
    if quality["issues"]:
        rows = [[text(head, lang) for head in ("Found", "Lines", "Value", "What was done")]]
        rows.extend(
            [
                text(KINDS.get(issue["kind"], issue["kind"]), lang),
                number(issue["count"], lang),
                "–" if issue["amount"] is None else money(issue["amount"], lang),
                text(TREATMENTS.get(issue["treatment"], issue["treatment"]), lang),
            ]
            for issue in quality["issues"]
        )
        lines.append(table(rows))
    lines.extend(printable(translate(remark, lang)) for remark in remarks)
    return "\n".join(lines)


def _classes(summary: dict[str, Any], lang: str) -> str:
    rows = [[text(head, lang) for head in ("Class", "Customers", "Value", "Share", "Cut")]]
    for axis, sign, decimals in (("abc", "≥", 2), ("xyz", "≤", 4)):
        for letter, totals in summary[axis]["classes"].items():
            cut = summary[axis]["cuts"].get(letter)
            rows.append(
                [
                    letter,
                    number(totals["customers"], lang),
                    money(totals["value"], lang),
                    "–" if totals["share"] is None else percent(totals["share"], lang),
                    "" if cut is None else f"{sign} {number(cut, lang, decimals)}",
                ]
            )
    return table(rows)


def _matrix(summary: dict[str, Any], lang: str) -> str:
    rows = [[text("Matrix", lang), *(f"{xyz}" for xyz in "XYZ")]]
    for abc in "ABC":
        cells = [summary["matrix"][abc + xyz] for xyz in "XYZ"]
        rows.append([abc, *(number(cell["customers"], lang) for cell in cells)])
        shares = [cell["value_share"] for cell in cells]
        rows.append(["", *("–" if share is None else percent(share, lang) for share in shares)])
    return f"{table(rows)}\n{text('(customers, and below them their share of value)', lang)}"


def _groups(summary: dict[str, Any], lang: str) -> str:
    rows = [[text(head, lang) for head in ("Group", "Customers", "Value")]]
    rows.extend(
        [
            text(name.capitalize(), lang),
            number(totals["customers"], lang),
            money(totals["value"], lang),
        ]
        for name, totals in summary["bcg"].items()
    )
    return table(rows)
