"""Tables of a job about the CRM: settings, calendar, rules of service, announced changes."""

from __future__ import annotations

import sys
from datetime import date, time

import numpy as np
import pytest

from abcxyz.config import parse_job
from abcxyz.crm.settings import AnnouncedChange, CalendarSettings, CrmSettings
from abcxyz.crm.statistics.country_days import country_days
from abcxyz.errors import ConfigError, InputError

HEAD = """
[[source]]
kind = "csv"
path = "sales.csv"

[[sink]]
kind = "json"
path = "out.json"
"""


def test_a_job_without_a_crm_has_usual_settings() -> None:
    job = parse_job(HEAD)
    assert (job.crm, job.crm_settings, job.changes) == (None, CrmSettings(), ())


def test_every_table_is_read() -> None:
    """Options of the source, settings, calendar, rules and changes each find their place."""
    job = parse_job(
        HEAD
        + """
[crm]
source = "sql"
url = { env = "CRM_URL" }
margin = 0.3
reports = ["funnel", "sla"]
id_prefix = "crm:"

[crm.sql]
deals = "SELECT * FROM deals"

[crm.calendar]
days = ["mon", "sat"]
hours = ["09:00-13:00", "14:00-18:00"]
closed = [2026-11-04]
open = [2026-11-07]

[[crm.sla]]
name = "answer"
starts = "lead"
hours = 1

[[changes]]
day = 2026-10-05
what = "proposals by video"
stage = "OFFER"

[[changes]]
day = 2026-09-01
what = "new prices"
"""
    )
    assert job.crm is not None
    assert (job.crm.role, job.crm.kind, job.crm.id_prefix) == ("crm", "sql", "crm:")
    assert sorted(job.crm.options) == ["sql", "url"]
    assert "sql" in job.kinds
    settings = job.crm_settings
    assert (settings.margin, settings.reports) == (0.3, ("funnel", "sla"))
    assert [(rule.name, rule.hours, rule.clock) for rule in settings.rules] == [
        ("answer", 1.0, "working")
    ]
    assert settings.calendar is not None
    calendar = settings.calendar.calendar("Europe/Moscow")
    spans = ((time(9), time(13)), (time(14), time(18)))
    assert dict(calendar.hours) == {0: spans, 5: spans}
    assert (calendar.holidays, calendar.extra_days) == (
        frozenset({date(2026, 11, 4)}),
        frozenset({date(2026, 11, 7)}),
    )
    assert job.changes == settings.changes
    assert job.changes == (
        AnnouncedChange(day="2026-09-01", what="new prices"),
        AnnouncedChange(day="2026-10-05", what="proposals by video", stage="OFFER"),
    )


CRM = HEAD + '[crm]\nsource = "files"\npath = "crm"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "[crm]\npath = 'x'", 'job.toml:9: [crm] has no source; write source = "…"'),
        (CRM + "margin = 30", "job.toml:9: the margin is 30.0; give a share between 0 and 1"),
        (CRM + "reports = ['fun']", "job.toml:9: the report 'fun' is unknown; use some of"),
        (
            CRM + "[crm.calendar]\nhour = ['9-18']",
            "job.toml:12: [crm.calendar] has no key 'hour'; did you mean 'hours'?",
        ),
        (
            CRM + "[crm.calendar]\nhours = ['9-18']",
            "job.toml:12: the opening hours are '9-18'; write them as 09:00-18:00",
        ),
        (
            CRM + "[crm.calendar]\ndays = ['monday']",
            "job.toml:12: 'monday' is no working day of the week; use some of mon, tue",
        ),
        (
            CRM + "[[crm.sla]]\nname = 'x'\nhours = 2",
            "job.toml:12: [[crm.sla]] has no starts; add it",
        ),
        (
            CRM + "[[crm.sla]]\nname = 'x'\nstarts = 'lead'\nhours = 0",
            "job.toml:12: the rule 'x' has a limit of 0.0 hours; give more than 0",
        ),
        (
            CRM + "[[crm.sla]]\nname = 'x'\nstarts = 'call'\nhours = 1",
            'starts in [crm.sla] is \'call\'; it takes "lead" | "visit" | "proposal"',
        ),
        (
            HEAD + "[[changes]]\nday = 2026-01-01\nwhat = ' '",
            "job.toml:9: the change of 2026-01-01 does not say what was changed; name it",
        ),
        (HEAD + "[[changes]]\nwhat = 'x'", "job.toml:9: [[changes]] has no day; add it"),
        (
            HEAD + "[[changes]]\nday = 'May'\nwhat = 'x'",
            "job.toml:10: day in [changes] is 'May'; it takes a date",
        ),
        (HEAD + "[changes]\nwhat = 'x'", "there may be several of [changes]; write [[changes]]"),
        (HEAD + "['crm.sla']\nname = 'x'", "a job has no table [crm.sla]"),
    ],
)
def test_mistakes_name_the_line_and_the_cure(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_job(text)
    assert message in str(error.value)


def test_days_of_a_country_and_those_of_the_job_above_them() -> None:
    """In 2025 the third of November was a day off in Russia, and the first a working Saturday."""
    pytest.importorskip("holidays")
    settings = CalendarSettings(country="RU", closed=["2025-11-05"], open=["2025-11-04"])
    calendar = settings.calendar("Europe/Moscow")
    noon = np.array([f"2025-11-0{day}T09:00:00" for day in range(1, 7)], dtype="M8[s]")
    assert calendar.is_open(noon).tolist() == [True, False, False, True, False, True]
    with pytest.raises(InputError, match="the country 'XX' of the calendar is unknown"):
        CalendarSettings(country="XX")


def test_a_country_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    country_days.cache_clear()
    with pytest.raises(InputError, match="install it with: pip install holidays"):
        CalendarSettings(country="RU")
