"""Enricher ``fns``: attributes from an index of the tax service's open data, offline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from os import PathLike
from pathlib import Path

from abcxyz.companies.fns.attributes import company_attributes
from abcxyz.companies.fns.flags import doubtful_values
from abcxyz.companies.fns.index import CompanyIndex, day
from abcxyz.companies.keys import find_keys
from abcxyz.companies.notes import EnrichmentCounts
from abcxyz.core.companies.industries import check_detail
from abcxyz.errors import ConfigError
from abcxyz.plugins import Attributes
from abcxyz.toolkit.catalogue import Catalogue, Figure
from abcxyz.toolkit.clock import SystemClock, local_date

__all__ = ["FnsEnricher"]


class FnsEnricher:
    """Read attributes of organisations by their INN from an index, without any network.

    Parameters
    ----------
    path
        Index that ``abcxyz companies build`` wrote.
    fresh_years
        Values that are older are left out.
    industry
        ``section``, ``class`` or ``code``: how exactly the industry is named.
    as_of
        Day at which the age of the values is judged; today by default.

    Raises
    ------
    ConfigError
        An option is none of the accepted ones.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        fresh_years: int = 2,
        industry: str = "section",
        as_of: date | None = None,
    ) -> None:
        check_detail(industry)
        if fresh_years < 1:
            raise ConfigError("fresh_years is {years}; use one or more", years=fresh_years)
        self._path = Path(path)
        self._fresh_years, self._detail = fresh_years, industry
        self._as_of = local_date(SystemClock()) if as_of is None else as_of
        self._counts, self._doubtful = EnrichmentCounts(), 0
        self._index: CompanyIndex | None = None

    def __repr__(self) -> str:
        return f"FnsEnricher({str(self._path)!r})"

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return the attributes of the customers whose id is the INN of an organisation."""
        return self.fill({key: {} for key in ids})

    def prospects(self) -> Attributes:
        """Return nothing: an index does not know who a lead is."""
        return {}

    def fill(self, known: Attributes) -> Attributes:
        """Return the attributes of those whose id, or attribute ``inn``, is an INN."""
        keys = find_keys(known)
        found = self._open().find(keys.inns.values())
        self._counts.asked += len(keys.inns)
        self._counts.persons += keys.persons
        filled = {}
        for key, inn in keys.inns.items():
            company = found.get(inn)
            if company is None:
                continue
            attributes = company_attributes(
                inn, company, as_of=self._as_of, fresh_years=self._fresh_years, detail=self._detail
            )
            self._counts.add(attributes)
            self._doubtful += any(doubtful_values(attributes.values))
            filled[key] = attributes.values
        return filled

    def enrichment_notes(self) -> Sequence[str]:
        """Return how many were found, and what was left out."""
        notes = self._counts.notes()
        if self._doubtful:
            notes.append(
                Catalogue().message(
                    "{n} have a turnover that may be that of a group or a mistake; see abcxyz "
                    "companies show",
                    n=Figure(self._doubtful),
                )
            )
        return notes

    def preflight(self) -> Sequence[str]:
        """Name the data sets of the index and their dates.

        Raises
        ------
        InputError
            There is no index.
        """
        return [
            Catalogue().message(
                "{name}: data of {day}, {n} {n:organisation|organisations}",
                name=one.name,
                day=str(day(one.data_on)),
                n=Figure(one.organisations),
            )
            for one in self._open().datasets()
        ]

    def close(self) -> None:
        """Close the index."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _open(self) -> CompanyIndex:
        if self._index is None:
            self._index = CompanyIndex(self._path)
        return self._index
