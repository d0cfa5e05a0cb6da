"""Records of some deals: those alive in a window, those of one funnel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abcxyz._arrays import Bools
from abcxyz.crm.records.keys import rows_of

__all__ = ["alive", "of_funnel"]


def alive(tables: Mapping[str, Any], closed: Any, since: Any) -> dict[str, Any]:
    """Return the tables of the deals that were not closed before a moment.

    Parameters
    ----------
    tables
        The tables as known at the end of the window.
    closed
        (n,) moments at which the deals were closed; NaT for open ones.
    since
        Start of the window, ``datetime64[s]`` in UTC.

    Notes
    -----
    Histories of the deals are whole. Leads are those created from *since* on, and those of the
    deals; activities those begun from *since* on, and those of the deals.
    """
    result = dict(tables)
    deals = tables["deals"]
    gone = closed < since
    if gone.any():
        result["deals"] = deals = deals.take(~gone)

    def of_deals(ids: Any) -> Bools:
        return np.asarray(rows_of(ids, deals.deal) >= 0)

    for name, column in (("changes", None), ("lines", None), ("activities", "started")):
        table = tables.get(name)
        if table is None:
            continue
        chosen = np.zeros(len(table), dtype=bool)
        if table.deal is not None:
            chosen |= of_deals(table.deal)
        if column is not None:
            chosen |= getattr(table, column) >= since
        result[name] = table if chosen.all() else table.take(chosen)
    leads = tables.get("leads")
    if leads is not None:
        chosen = leads.created >= since
        if leads.deal is not None:
            chosen |= of_deals(leads.deal)
        if deals.lead is not None:
            chosen |= rows_of(leads.lead, deals.lead) >= 0
        result["leads"] = leads if chosen.all() else leads.take(chosen)
    return result


def of_funnel(tables: Mapping[str, Any], funnel: str) -> dict[str, Any]:
    """Return the tables of the deals that are in one funnel; records of no deal are left out.

    Leads are those of the deals; tables without a column of deals are whole.
    """
    result = dict(tables)
    deals = tables["deals"]
    result["deals"] = deals = deals.take(deals.funnel.codes == deals.funnel.code(funnel))
    for name in ("changes", "lines", "activities", "leads"):
        table = tables.get(name)
        if table is None or table.deal is None:
            continue
        chosen = rows_of(table.deal, deals.deal) >= 0
        if name == "leads" and deals.lead is not None:
            chosen |= rows_of(table.lead, deals.lead) >= 0
        result[name] = table.take(chosen)
    return result
