"""Attributes of an organisation of the index."""

from __future__ import annotations

from datetime import date

from abcxyz.companies.attributes import AttributeSet
from abcxyz.companies.fns.index import Company, day
from abcxyz.companies.legal_forms import legal_form
from abcxyz.core.companies.industries import industry
from abcxyz.core.companies.numbers import founded_year
from abcxyz.core.companies.regions import region_of_inn

__all__ = ["company_attributes"]


def company_attributes(
    inn: str, company: Company, *, as_of: date, fresh_years: int = 2, detail: str = "section"
) -> AttributeSet:
    """Return the attributes that a scorecard reads.

    Parameters
    ----------
    inn
        Its INN.
    company
        The organisation.
    as_of
        Date at which the age of the values is judged.
    fresh_years
        Age above which a value is left out.
    detail
        ``section``, ``class`` or ``code``: how exactly the industry is named.

    Notes
    -----
    The number of employees in the register of small firms is the average of the year before the
    release. A region by the INN alone is that of the first tax office, so it is marked
    ``fns:inn``.

    Examples
    --------
    >>> firm = Company(7709000010, income=11825000000, statement_on=20251231)
    >>> company_attributes("7709000010", firm, as_of=date(2026, 11, 29)).values["turnover"]
    118250000.0
    """
    known = AttributeSet(as_of, fresh_years)
    if company.income is not None:
        on = day(company.statement_on)
        known.add("turnover", company.income / 100, on, "fns:revexp")
    known.add("employees", company.headcount, day(company.headcount_on), "fns:sshr2019")
    listed = day(company.rsmp_on)
    if listed is not None:
        year_before = date(listed.year - 1, 12, 31)
        known.add("employees", company.headcount_sme, year_before, "fns:rsmp")
        okved = company.okved or company.okved_reported
        if okved is not None:
            known.add("industry", industry(okved, detail), listed, "fns:rsmp", code=okved)
        if company.region is not None:
            known.add("region", f"{company.region:02}", listed, "fns:rsmp")
    known.add("region", region_of_inn(inn), None, "fns:inn")
    known.add("founded", founded_year(company.ogrn), None, "fns:rsmp")
    known.add("legal_form", legal_form(company.name or ""), None, "fns")
    return known
