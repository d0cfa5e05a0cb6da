"""Fixtures of results: a typical one and a hostile one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from attrs import evolve
from tests.report.crm_world import crm_reports

from abcxyz import Analysis, CrmFacts, Deal, Quality, QualityIssue, Settings, analyze
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.core.sales.transactions import Transactions
from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_sales

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(2)>",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example";"x")',
    "@SUM(1+1)*cmd",
    "\"quotes\" & 'apostrophes' `ticks`",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "🙂 Ёж {{ 7 * 7 }} ${7} %s",
    "x" * 10_000,
    "bell\x07 null\x00 half\ud800",
    "javascript:alert(3)",
    "http://evil.example/?q=1",
)


@pytest.fixture(scope="session")
def demo() -> Analysis:
    """Analysis of the demonstration data with the previous month's snapshot."""
    made = demo_sales()
    crm = demo_crm(made)
    return analyze(
        made.transactions,
        as_of=DEMO_AS_OF,
        previous=analyze(made.transactions, as_of=date(2026, 10, 1)).snapshot,
        names=made.names,
        attributes=crm.attributes,
        facts=crm.facts,
        prospects=score_prospects(crm.leads),
        quality=Quality(
            rows=100,
            used=98,
            issues=[QualityIssue("unreadable_date", 2, 15.5, "left_out", ["line 7: 32.13.2026"])],
        ),
    )


@pytest.fixture(scope="session")
def hostile() -> Analysis:
    """Analysis whose texts attack spreadsheets, markup and terminals."""
    ids = [f"{name} #{i}" for i, name in enumerate(HOSTILE)]
    days = [date(2026, month, 5) for month in range(1, 11)]
    random = np.random.default_rng(4)
    sales = Transactions(
        np.array(ids * len(days), dtype=object),
        np.repeat(np.array(days, dtype="M8[D]"), len(ids)),
        random.lognormal(8, 1, len(ids) * len(days)).round(2),
    )
    settings = Settings(period="4M")
    before = analyze(sales, as_of=date(2026, 7, 1), settings=settings)
    made = analyze(
        sales,
        as_of=date(2026, 11, 30),
        settings=settings,
        previous=before.snapshot,
        names={one: name for one, name in zip(ids, HOSTILE, strict=True) if len(name) < 90},
        attributes={one: {"owner": name} for one, name in zip(ids, HOSTILE, strict=True)},
        facts=CrmFacts(
            deals=[
                Deal(deal=name, customer=one, since=date(2026, 3, 1), amount=5.0, stage=name)
                for one, name in zip(ids, HOSTILE, strict=True)
            ]
        ),
        prospects=score_prospects({name: {"turnover": 3e9, "employees": 900} for name in HOSTILE}),
        quality=Quality(1, 1, [QualityIssue("zero", 1, 0.0, "kept", list(HOSTILE))]),
    )
    return evolve(made, crm=crm_reports(HOSTILE))
