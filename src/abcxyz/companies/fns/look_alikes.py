"""Look-alikes of the customers of class A among the organisations of an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from attrs import frozen

from abcxyz.companies.fns.attributes import company_attributes
from abcxyz.companies.fns.index import Company, CompanyIndex
from abcxyz.companies.fns.selection import Selection
from abcxyz.core.companies.numbers import format_inn
from abcxyz.core.prospects.look_alikes import LookAlikes, find_look_alikes
from abcxyz.errors import InputError

__all__ = ["IndexLookAlikes", "companies_like"]


@frozen
class IndexLookAlikes:
    """Organisations that resemble the customers of class A.

    Parameters
    ----------
    result
        The nearest, and how many were compared.
    names, attributes
        INN -> name, and attributes, of the nearest.
    customers
        Number of customers of class A that are in the index.
    unknown
        Number of organisations left out because their region or industry is unknown.
    """

    result: LookAlikes
    names: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, object]]
    customers: int
    unknown: int


def companies_like(
    index: CompanyIndex,
    best: Sequence[Any],
    inns: Mapping[Any, str],
    *,
    as_of: date,
    selection: Selection,
    fresh_years: int = 2,
    count: int = 20,
) -> IndexLookAlikes:
    """Find the organisations nearest to any customer of class A that are no customers yet.

    Parameters
    ----------
    index
        The organisations.
    best
        Customers of class A.
    inns
        Customer -> INN, of all customers; their organisations are left out.
    as_of, fresh_years
        Day at which the age of the values is judged, and the age above which one is unknown.
    selection
        Regions and industries.
    count
        Number of organisations to return.

    Raises
    ------
    InputError
        No customer of class A is in the index.
    """

    def attributes(company: Company) -> dict[str, object]:
        return company_attributes(
            format_inn(company.inn), company, as_of=as_of, fresh_years=fresh_years
        ).values

    found = index.find([inns[one] for one in best if one in inns])
    models = {one: attributes(found[inns[one]]) for one in best if inns.get(one) in found}
    if not models:
        raise InputError(
            "none of the {n} customers of class A is in {path} by its INN; name a table of "
            "customers with their INN by --customers",
            n=len(best),
            path=str(index.path),
        )
    customers = frozenset(map(int, inns.values()))

    def others() -> Iterator[tuple[str, Mapping[str, object]]]:
        for company in index:
            if company.inn not in customers:
                values = attributes(company)
                if selection.admits(values):
                    yield format_inn(company.inn), values

    result = find_look_alikes(models, others(), count=count)
    nearest = index.find([one.company for one in result.nearest])
    return IndexLookAlikes(
        result,
        names={inn: company.name or "" for inn, company in nearest.items()},
        attributes={inn: attributes(company) for inn, company in nearest.items()},
        customers=len(models),
        unknown=selection.unknown,
    )
