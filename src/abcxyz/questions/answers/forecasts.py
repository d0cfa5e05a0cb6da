"""Question about coming sales: what to expect, with a range measured on past periods."""

from __future__ import annotations

from abcxyz.core.display import plain_number
from abcxyz.core.forecasts.sales_forecast import LEVEL, METHODS
from abcxyz.core.forecasts.sales_table import known_sales
from abcxyz.core.sales.calendar import Window
from abcxyz.errors import InputError
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.snapshots import snapshot_at, snapshot_fields
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import Language, PeriodCount, SalesSegment
from abcxyz.questions.problems import message
from abcxyz.questions.resolving import definition_of
from abcxyz.toolkit.catalogue import text, translate
from abcxyz.toolkit.numbers import date_text

__all__ = ["forecast"]

_METHODS = dict(
    zip(
        METHODS,
        (
            message("The mean of the last three periods."),
            message("The same period of the season before."),
            message("The same period of the season before, times the growth of the last three."),
        ),
        strict=True,
    )
)


def forecast(
    data: QuestionData,
    *,
    segment: SalesSegment = None,
    periods: PeriodCount = 3,
    lang: Language = "en",
) -> Answer:
    """Return the sales to expect in the next periods, of all customers or of a segment."""
    snapshot = snapshot_at(data, None)
    fields = snapshot_fields(data, snapshot, None, lang)
    definition = definition_of(
        text(
            "Sales ({metric}) by {unit}: a plain method, chosen and corrected by its errors on "
            "past periods. The range is that of these errors and is to hold {level} times in "
            "ten; it assumes that the future is like the past.",
            lang,
            metric=text(snapshot.settings.metric, lang),
            unit=text(snapshot.periods.bucket.replace("_", " "), lang),
            level=round(10 * LEVEL),
        ),
        {"segment": segment, "periods": periods},
        lang,
    )
    try:
        table = known_sales(data.sales())
        found = table.forecast(periods, snapshot=snapshot, segment=segment)
    except InputError as problem:
        return Answer(
            status="unknown",
            sentence=text("Sales cannot be forecast: {reason}.", lang, reason=problem),
            definition=definition,
            **fields,
        )
    fields["window"] = Window(found.edges[0], found.edges[-1])
    if table.unit != "month":
        fields["warnings"] += (
            Remark(
                "unit",
                text(
                    "A period is a {unit} here, as in the snapshots, and not a month.",
                    lang,
                    unit=text(table.unit.replace("_", " "), lang),
                ),
            ),
        )
    return Answer(
        value={
            **found.to_dict(),
            "segment": segment,
            "unit": table.unit,
            "method": translate(_METHODS[found.method], lang),
        },
        sentence=text(
            "From {since} to {until} {total} is expected, from {low} to {high}.",
            lang,
            since=date_text(found.edges[0], lang),
            until=date_text(found.edges[-1], lang),
            total=plain_number(round(found.total), lang),
            low=plain_number(round(found.total_low), lang),
            high=plain_number(round(found.total_high), lang),
        ),
        definition=definition,
        rows=periods,
        **fields,
    )
