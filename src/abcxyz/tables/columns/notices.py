"""Notices for the top of a result: what may make it misleading."""

from __future__ import annotations

from collections.abc import Mapping

from abcxyz.core.sales.quality import KINDS, Quality, QualityIssue
from abcxyz.tables.values.totals import rounding_of
from abcxyz.toolkit.catalogue import Catalogue, Figure, Message

__all__ = ["cure_of", "left_out_money", "notices_of", "same_money"]

_WORDS = Catalogue()
_MUCH = 0.05
#: Lines that are no sales, or that the user has excluded.
_EXPECTED = frozenset({"total_row", "other_currency"})
_FEW = 3  # lines from which a single customer is remarkable

#: Kind of lines -> the option that may cure it.
_CURES: Mapping[str, str] = {
    "no_customer": "--customer",
    "no_date": "--date",
    "unreadable_date": "--date-format",
    "no_amount": "--amount",
    "unreadable_amount": "--decimal",
    "future_date": "--as-of",
}


def notices_of(quality: Quality, money: float, customers: int, column: str) -> list[Message]:
    """Return the notices of a table.

    Parameters
    ----------
    quality
        Its account.
    money
        Amount of the lines used.
    customers
        Number of customers with lines in use.
    column
        Heading of the customers.

    Examples
    --------
    >>> from abcxyz.tables.account import issue_of
    >>> account = Quality(20, 18, [issue_of("no_customer", 2, 900.0, ["line 5", "line 7"])])
    >>> print(notices_of(account, 100.0, 7, "client")[0])
    10% of the lines and 90% of the money are left out; most are lines without a customer \
(line 5; line 7); see --customer
    """
    notices = []
    left_out = [
        one for one in quality.issues if one.treatment == "left_out" and one.kind not in _EXPECTED
    ]
    lines = sum(one.count for one in left_out)
    lost = abs(sum(one.amount or 0.0 for one in left_out))
    share = lines / quality.rows if quality.rows else 0.0
    money_share = lost / (lost + abs(money)) if lost else 0.0
    if max(share, money_share) > _MUCH:
        most = max(left_out, key=lambda one: one.count)
        # Amounts that cannot be read are no share of the money: nothing is said of it then.
        template = (
            "{share}% of the lines and {money}% of the money are left out; most are {kind} "
            "({examples}); see {option}"
            if lost
            else "{share}% of the lines are left out; most are {kind} ({examples}); see {option}"
        )
        notices.append(
            _WORDS.message(
                template,
                share=_percent(share),
                money=_percent(money_share),
                kind=_WORDS.message(KINDS[most.kind]),
                examples="; ".join(most.examples),
                option=cure_of(most),
            )
        )
    notices += _other_total(quality, money)
    if customers == 1 and quality.used >= _FEW:
        notices.append(
            _WORDS.message(
                "all lines are of one customer; if {column} is not the buyer, name another column "
                "with --customer",
                column=column,
            )
        )
    if any(one.kind == "swapped_date" for one in quality.issues):
        notices.append(
            _WORDS.message(
                "all dates recognised by the spreadsheet have a day up to 12, and all dates left "
                "as text one above: it exchanged day and month of the former, which were "
                "exchanged back; check them, or export the file with dates as 2025-12-31"
            )
        )
    return notices


def cure_of(issue: QualityIssue | None) -> str:
    """Return the option that may cure an issue; None stands for any."""
    kind = "" if issue is None else issue.kind
    return _CURES.get(kind, "--customer, --date, --amount")


def left_out_money(quality: Quality) -> float:
    """Return the money of the lines that are left out, without total rows."""
    return sum(
        one.amount or 0.0
        for one in quality.issues
        if one.treatment == "left_out" and one.kind != "total_row"
    )


def same_money(one: float, other: float) -> bool:
    """Return whether two sums differ by no more than rounding."""
    return abs(one - other) <= rounding_of(one)


def _other_total(quality: Quality, money: float) -> list[Message]:
    """Return the notice of a single total row that is not the sum of the lines."""
    total = next((one for one in quality.issues if one.kind == "total_row"), None)
    if total is None or total.amount is None or len(set(total.examples)) > 1:
        return []
    if any(one.kind in ("other_currency", "converted") for one in quality.issues):
        return []
    lines = money + left_out_money(quality)
    if same_money(lines, total.amount):
        return []
    return [
        _WORDS.message(
            "the lines add up to {lines}, and the total row to {total} ({example}): lines may be "
            "missing, or be sums of others",
            lines=Figure(lines, 2),
            total=Figure(total.amount, 2),
            example=total.examples[0],
        )
    ]


def _percent(share: float) -> Figure:
    return Figure(100 * share, 0 if share >= 0.01 or not share else 1)
