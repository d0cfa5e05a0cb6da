"""Selection of deals by the arguments of a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.questions.cleaning import clean_name, plain_id, quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import resolved

__all__ = [
    "OUTCOME_CODES",
    "DealFilter",
    "deal_columns",
    "filter_deals",
    "same_id",
    "subset",
    "window_of",
]

OUTCOME_CODES: Mapping[str, int] = {"open": OPEN, "won": WON, "lost": LOST}
_BEGINNING = date(1970, 1, 1)


@frozen(eq=False)
class DealFilter:
    """Deals that fit some arguments.

    Parameters
    ----------
    mask
        (n,) whether a deal fits.
    used
        Argument -> identifier that it was resolved to.
    words
        Names of the filters in guillemets, for a sentence.
    """

    mask: npt.NDArray[np.bool_]
    used: Mapping[str, Any]
    words: tuple[str, ...]


def same_id(column: npt.NDArray[Any], wanted: Any) -> npt.NDArray[np.bool_]:
    """Return which identifiers of a column are the wanted one, number or text."""
    if column.dtype.kind in "iu":
        number = int(wanted) if str(wanted).lstrip("-").isdigit() else -2
        return np.asarray(column == number)
    return np.array([str(one) == str(wanted) for one in column.tolist()], dtype=bool)


def filter_deals(
    data: QuestionData,
    crm: CrmData,
    *,
    stage: str | None = None,
    funnel: str | None = None,
    owner: str | None = None,
    source: str | None = None,
    customer: str | None = None,
) -> DealFilter:
    """Return the deals that fit all arguments that are not None.

    Raises
    ------
    SeveralFitError
        A name fits several things.
    QuestionError
        A name fits nothing.
    """
    mask = np.ones(len(crm.deals), dtype=bool)
    used: dict[str, Any] = {}
    words = []
    deals = crm.deals
    if funnel is not None:
        used["funnel"] = resolved("funnel", funnel, data.funnels)
        mask &= deals.funnel.codes == deals.funnel.code(used["funnel"])
        words.append(used["funnel"])
    if stage is not None:
        inside = used.get("funnel")
        used["stage"] = resolved(
            "stage", stage, data.stages, among=lambda one: inside in (None, one.where)
        )
        mask &= deals.stage.codes == deals.stage.code(used["stage"])
        words.append(next(o.name for o in data.stages.things if o.id == used["stage"]))
    for name, written, known, shown in (
        ("owner", owner, data.owners, data.shown_owner),
        ("source", source, data.sources, lambda one: one.name),
    ):
        if written is not None:
            used[name] = resolved(name, written, known, shown=shown)
            column = crm.category(name)
            mask &= column.codes == column.code(used[name])
            words.append(
                (data.owner_name(used[name]) or plain_id(used[name]))
                if name == "owner"
                else used[name]
            )
    if customer is not None:
        used["customer"] = resolved(
            "customer",
            customer,
            data.customers,
            shown=lambda one: data.shown(one.id)["name"] or plain_id(one.id),
        )
        if deals.customer is None:
            raise QuestionError(
                "the deals of this CRM name no customers",
                code="unavailable",
                fix=message("ask again without customer"),
            )
        mask &= same_id(deals.customer, used["customer"])
        words.append(data.label(used["customer"]))
    return DealFilter(mask, used, tuple(quoted(str(one)) for one in words))


def subset(crm: CrmData, mask: npt.NDArray[np.bool_]) -> CrmData:
    """Return the records with some of the deals alone; other tables are left as they are."""
    if mask.all():
        return crm
    return evolve(crm, deals=crm.deals.take(mask), until=crm.until)


def window_of(since: date | None, until: date | None, today: date) -> Window | None:
    """Return the window of two days, each of which may be open; None where both are.

    Raises
    ------
    QuestionError
        It holds no day.
    """
    if since is None and until is None:
        return None
    first, end = since or _BEGINNING, until or today + timedelta(days=1)
    if end <= first:
        raise QuestionError(
            "the window holds no day: until is the day after its last day",
            code="bad_argument",
            fix=message("call again with until later than since"),
        )
    return Window(first, end)


def deal_columns(
    data: QuestionData, deal: Any, *, funnel: str, stage: str, owner: Any, customer: Any
) -> dict[str, Any]:
    """Return the columns with which every answer about a deal begins."""
    known = customer.item() if isinstance(customer, np.generic) else customer
    shown = data.shown(known) if known not in (None, "", -1) else {}
    return {
        "deal": plain_id(deal),
        "funnel": clean_name(funnel),
        "stage": clean_name(stage),
        "owner": plain_id(owner) if owner else None,
        "owner_name": data.owner_name(owner) if owner else None,
        "customer": shown.get("customer"),
        "customer_name": shown.get("name"),
    }
