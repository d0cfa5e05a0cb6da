"""One readable line of a card: segment and since when, value of the window, last order."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from attrs import frozen

from abcxyz import SEGMENTS
from abcxyz.toolkit.numbers import compact, date_text, number
from abcxyz_bitrix.words import plural, text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["Summary", "summaries"]


@frozen
class Summary:
    """What the line says of one customer; nothing of it counts days up to the run.

    Parameters
    ----------
    segment
        Segment now.
    rest
        Value of the window, and last order.
    lang
        Language of the line.
    """

    segment: str
    rest: str
    lang: str

    def line(self, since: object, before: object) -> str:
        """Return the line; *since* and *before* are as the card holds them."""
        fields = {"segment": self.segment, "before": before}
        known = before in SEGMENTS and before != self.segment
        if not since:
            begun = self.segment
        else:
            fields["since"] = date_text(date.fromisoformat(str(since)), self.lang)
            begun = text(
                "{segment} since {since}, before {before}" if known else "{segment} since {since}",
                self.lang,
                **fields,
            )
        return f"{begun} · {self.rest}"


def summaries(analysis: Analysis, *, lang: str, currency: str) -> list[Summary | None]:
    """Return the line of every customer of the snapshot; None where one is not classified."""
    snapshot, rhythm, risk = analysis.snapshot, analysis.rhythm, analysis.lapse
    window = snapshot.periods.window
    counted = snapshot.settings.metric == "count"
    span = _span(window.since, window.until, lang)
    days = snapshot.last_day.astype("M8[D]").tolist()
    lines: list[Summary | None] = []
    columns = zip(
        snapshot.customers.tolist(), snapshot.segment.tolist(), snapshot.value.tolist(), days,
        rhythm.means().tolist(), strict=True,
    )  # fmt: skip
    for customer, code, value, last, gap in columns:
        if code < 0:
            lines.append(None)
            continue
        row = None if risk is None else risk.positions.get(customer)
        own = gap if risk is None or row is None else float(risk.facts["own_gap"][row])
        worth = (
            plural("{n} order|{n} orders", round(value), lang)
            if counted
            else compact(value, lang, currency, decimals=1)
        )
        parts = [text("{value} in {span}", lang, value=worth, span=span)]
        if last is not None:
            ordered = {"day": date_text(last, lang)}
            parts.append(
                text("order {day}", lang, **ordered)
                if own != own
                else plural(
                    "order {day}, usually every {n} day|order {day}, usually every {n} days",
                    max(round(own), 1),
                    lang,
                    **ordered,
                )
            )
        lines.append(Summary(SEGMENTS[code], " · ".join(parts), lang))
    return lines


def _span(since: date, until: date, lang: str) -> str:
    if since.day == until.day == 1:
        months = 12 * (until.year - since.year) + until.month - since.month
        return text("{months} mo.", lang, months=number(months, lang))
    return plural("{n} day|{n} days", (until - since).days, lang)
