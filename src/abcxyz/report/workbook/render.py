"""The result as a workbook: every list whole, real numbers and dates, and text that stays text."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.errors import InputError
from abcxyz.i18n import date_text
from abcxyz.report.customers import Customer, Facts, name_of
from abcxyz.report.vocabulary import ALERT_KINDS, EVENT_NAMES, METRICS
from abcxyz.report.workbook.writer import AMBER, Book, printable

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["printable", "render_workbook"]

#: Excel's limit of lines in a sheet.
_LINES = 1_048_576
#: More customers are written row by row, and without the sums of every sub-period.
_MANY = 20_000


def render_workbook(
    analysis: Analysis,
    *,
    lang: str = "en",
    currency: str = "",
    constant_memory: bool | None = None,
) -> bytes:
    """Write the workbook.

    Parameters
    ----------
    analysis
        The result.
    lang
        Language of the sheets and columns.
    currency
        Sign behind the money.
    constant_memory
        Write row by row; by default where there are many customers.

    Returns
    -------
    bytes
        An ``.xlsx`` with ten sheets; the same analysis gives the same bytes.

    Raises
    ------
    InputError
        XlsxWriter is not installed; there are more customers than a sheet has lines.

    Notes
    -----
    Text from the data is always written as text: nothing becomes a formula, a number or a link.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise InputError(
            "writing {kind} needs {package}; install it with: pip install {package}",
            kind="Excel",
            package="xlsxwriter",
        ) from None
    count = len(analysis.snapshot)
    if count >= _LINES:
        raise InputError(
            "{count} customers do not fit into a sheet of Excel; write CSV instead", count=count
        )
    thrifty = count > _MANY if constant_memory is None else constant_memory
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "constant_memory": thrifty,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": not thrifty,
        },
    )
    day = analysis.snapshot.as_of
    book.set_properties({"created": datetime(day.year, day.month, day.day, tzinfo=UTC)})
    _Sheets(book, Facts(analysis), lang, currency).fill()
    book.close()
    return stream.getvalue()


class _Sheets(Book):
    """The ten sheets."""

    def fill(self) -> None:
        """Write the sheets in their order."""
        customers = [self._facts.customer(i) for i in self._facts.order.tolist()]
        self._summary()
        self._matrix()
        self._abc(customers)
        self._xyz(customers)
        self._customers(customers)
        self._transitions()
        self._alerts()
        self._prospects()
        self._quality()
        self._settings()

    def _summary(self) -> None:
        snapshot, summary = self._analysis.snapshot, self._totals
        metrics = summary.metrics
        sheet = self._book.add_worksheet(self._say("Summary"))
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 5, 18)
        self._put(sheet, 0, 0, self._say("Customers by value and steadiness"), "title")
        window = snapshot.periods.window
        lines: list[tuple[str, object, str]] = [
            ("Date of the result", snapshot.as_of, "day"),
            ("Window from", window.since, "day"),
            ("Window until (not included)", window.until, "day"),
            ("Customers", summary.classified, "count"),
            ("Not classified", summary.unclassified, "count"),
            (METRICS.get(snapshot.settings.metric, "Value"), summary.value, "money"),
            ("Largest 10 % bring", metrics.top_10, "share"),
            ("Gini", metrics.gini, ""),
            ("Steady core AX + AY", metrics.core_value, "share"),
            ("Stayed in AX", metrics.cows_retention, "share"),
            ("Leave A within a year", metrics.a_attrition, "share"),
            ("Alerts", summary.alerts, "count"),
        ]
        row = 1
        for label, cell, style in lines:
            row += 1
            self._put(sheet, row, 0, self._say(label), "label")
            self._put(sheet, row, 1, cell, style)
        for classes, cuts, style in (
            (summary.abc, summary.abc_cuts, "money"),
            (summary.xyz, summary.xyz_cuts, "cv"),
        ):
            row += 2
            for place, head in enumerate(("Class", "Customers", "Value", "Share", "Cut")):
                self._put(sheet, row, place, self._say(head), "head")
            for one, cut in zip(classes, cuts, strict=True):
                row += 1
                self._put(sheet, row, 0, one.label)
                self._put(sheet, row, 1, one.customers, "count")
                self._put(sheet, row, 2, one.value, "money")
                self._put(sheet, row, 3, one.value_share, "share")
                self._put(sheet, row, 4, cut, style)
        self._events(sheet, row + 2)

    def _events(self, sheet: Any, row: int) -> None:
        events = self._totals.events
        if not events:
            return
        heads = ("Event", "Customers", "Money before", "Money now", "Change")
        for place, head in enumerate(heads):
            self._put(sheet, row, place, self._say(head), "head")
        for one in events:
            row += 1
            self._put(sheet, row, 0, self._say(EVENT_NAMES[one.event]))
            self._put(sheet, row, 1, one.customers, "count")
            for place, cell in enumerate((one.value_before, one.value_after, one.change), start=2):
                self._put(sheet, row, place, cell, "money")

    def _matrix(self) -> None:
        rows = [
            (one.segment, one.customers, one.value, one.customers_share, one.value_share)
            for one in self._totals.segments
        ]
        sheet, last = self._sheet(
            "Matrix",
            [
                ("Segment", 14, ""),
                ("Customers", 14, "count"),
                ("Value", 20, "money"),
                ("Share of customers", 18, "share"),
                ("Share of value", 18, "share"),
            ],
            rows,
        )
        self._shaded(sheet, last, 4)

    def _abc(self, customers: list[Customer]) -> None:
        self._sheet(
            "ABC",
            [
                ("Customer", 24, ""),
                ("Name", 40, ""),
                ("Value", 20, "money"),
                ("Share", 14, "share"),
                ("Cumulative share", 18, "share"),
                ("ABC", 8, ""),
            ],
            (
                (one.customer, one.name, one.value, one.share, one.cumulative, one.abc)
                for one in customers
            ),
        )

    def _xyz(self, customers: list[Customer]) -> None:
        panel = self._analysis.panel
        many = len(customers) > _MANY or panel.periods.count > 60
        edges = [] if many else panel.periods.edges[:-1]
        columns: list[tuple[str, float, str]] = [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("CV", 12, "cv"),
            ("XYZ", 8, ""),
            ("Orders", 10, "count"),
            *((date_text(edge, self._lang), 14.0, "money") for edge in edges),
        ]
        by_cv = sorted(customers, key=lambda one: (math.isnan(one.cv), one.cv))
        self._sheet(
            "XYZ",
            columns,
            (
                (one.customer, one.name, one.cv, one.xyz, one.orders)
                + (() if many else tuple(map(float, panel.sales[one.place])))
                for one in by_cv
            ),
        )

    def _customers(self, customers: list[Customer]) -> None:
        actions = self._analysis.actions
        say = self._say
        yes = say("overdue")
        certain = {"firm": say("firm"), "borderline": say("borderline")}

        def channel(name: str) -> str:
            if actions is None or name not in actions.playbook.channels:
                return name
            return actions.playbook.channels[name].get(self._lang, name)

        columns = [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Segment", 10, ""),
            ("ABC", 7, ""),
            ("XYZ", 7, ""),
            ("Value", 20, "money"),
            ("Share", 12, "share"),
            ("Cumulative share", 14, "share"),
            ("CV", 12, "cv"),
            ("Orders", 10, "count"),
            ("First sale", 13, "day"),
            ("Last sale", 13, "day"),
            ("Gap, days", 10, "count"),
            ("Usual gap, days", 12, "count"),
            ("Overdue", 12, ""),
            ("Trend", 10, "change"),
            ("Certainty", 12, ""),
            ("Owner", 22, ""),
            ("Channel", 18, ""),
            ("Recommendation", 60, ""),
        ]
        rows = (
            (
                one.customer,
                one.name,
                one.segment,
                one.abc,
                one.xyz,
                one.value,
                one.share,
                one.cumulative,
                one.cv,
                one.orders,
                one.first,
                one.last,
                one.gap,
                math.floor(one.usual) if math.isfinite(one.usual) else None,
                yes if one.late else None,
                one.trend,
                certain.get(one.certainty),
                one.owner or None,
                channel(one.channel),
                None if actions is None else actions[one.place].text(self._lang),
            )
            for one in customers
        )
        sheet, last = self._sheet("Customers", columns, rows)
        sheet.freeze_panes(1, 2)
        self._shaded(sheet, last, 5)
        self._shaded(sheet, last, 8, high=AMBER)

    def _transitions(self) -> None:
        columns = [
            ("Customer", 24, ""),
            ("Name", 40, ""),
            ("Before", 12, ""),
            ("Now", 12, ""),
            ("Event", 20, ""),
            ("Money before", 18, "money"),
            ("Money now", 18, "money"),
            ("Change", 18, "money"),
        ]
        states = {"N": self._say("no sales"), "absent": self._say("not listed")}
        rows = [
            (
                one.customer,
                one.name,
                states.get(one.before, one.before),
                states.get(one.after, one.after),
                self._say(EVENT_NAMES[one.event]),
                one.money_before,
                one.money_after,
                one.change,
            )
            for one in self._facts.moves()
        ]
        sheet, _ = self._sheet("Transitions", columns, rows)
        sheet.freeze_panes(1, 2)
        if self._analysis.transitions is None:
            self._put(sheet, 1, 0, self._say("There is no earlier result to compare with."))

    def _alerts(self) -> None:
        self._sheet(
            "Alerts",
            [
                ("What", 26, ""),
                ("Customer", 24, ""),
                ("Name", 40, ""),
                ("Before", 10, ""),
                ("Now", 10, ""),
                ("Money", 18, "money"),
                ("Days", 10, "count"),
                ("Owner", 22, ""),
                ("Why", 80, ""),
                ("Key", 40, ""),
            ],
            (
                (
                    self._say(ALERT_KINDS[one.kind]),
                    one.customer,
                    name_of(self._analysis, one.customer),
                    one.before or None,
                    one.after or None,
                    one.money,
                    one.age,
                    one.owner,
                    one.sentence(self._lang, name=name_of(self._analysis, one.customer)),
                    one.key,
                )
                for one in self._analysis.alerts
            ),
        )

    def _prospects(self) -> None:
        scores = self._analysis.prospects
        russian = self._lang == "ru"
        points = np.empty(0) if scores is None else np.nan_to_num(scores.score)
        order = np.argsort(-points, kind="stable").tolist()

        def row(i: int) -> tuple[object, ...]:
            assert scores is not None
            one = scores[i]
            lead = scores.ids[i]
            return (
                lead.item() if isinstance(lead, np.generic) else lead,
                name_of(self._analysis, lead),
                one.grade or self._say("not scored"),
                one.score,
                one.probability,
                one.coverage,
                "; ".join(one.reasons_ru if russian else one.reasons),
                "; ".join(one.against_ru if russian else one.against),
                one.sentence(self._lang),
            )

        sheet, last = self._sheet(
            "Prospects",
            [
                ("Lead", 24, ""),
                ("Name", 40, ""),
                ("Grade", 12, ""),
                ("Points", 12, "count"),
                ("Probability", 14, "share"),
                ("Known", 12, "share"),
                ("For", 50, ""),
                ("Against", 50, ""),
                ("Advice", 70, ""),
            ],
            (row(i) for i in order),
        )
        self._shaded(sheet, last, 3)

    def _quality(self) -> None:
        quality = self._totals.quality
        rows: list[tuple[object, ...]] = []
        if quality is not None:
            rows += [
                (self._say("all lines"), quality.rows, None, None, None),
                (self._say("lines used"), quality.used, None, None, None),
            ]
            rows += [
                (
                    self._say(KINDS.get(one.kind, one.kind)),
                    one.count,
                    one.amount,
                    self._say(TREATMENTS.get(one.treatment, one.treatment)),
                    "; ".join(one.examples),
                )
                for one in quality.issues
            ]
        self._sheet(
            "Quality",
            [
                ("Found", 36, ""),
                ("Lines", 12, "count"),
                ("Value", 18, "money"),
                ("What was done", 36, ""),
                ("For example", 60, ""),
            ],
            rows,
        )

    def _settings(self) -> None:
        from abcxyz.report.method import settings_rows

        self._sheet(
            "Settings",
            [("Setting", 40, "label"), ("Value", 90, "")],
            settings_rows(self._analysis, self._lang),
        )
