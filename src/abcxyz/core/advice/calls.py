"""Call list: important customers who will probably not come back, and what to say of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

from abcxyz._arrays import same_numbers
from abcxyz.core.advice.owner_cap import first_of_owners
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.display import brief
from abcxyz.core.documents import finite, plain_value, rounded
from abcxyz.core.landmarks.lapse_record import LapseRisk
from abcxyz.core.landmarks.orders.monthly import first_of_months
from abcxyz.core.landmarks.reasons import sentences
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Message, translate
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "OUTCOMES",
    "Call",
    "CallList",
    "CallOutcome",
    "call_list",
    "calls_of_risk",
    "first_of_owners",
]

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {"called": "customer called", "ordered": "customer ordered", "lost": "customer lost"}
)
"""What became of a call: the customer was reached, ordered, or is lost -> its phrase."""

_LEAST_WAIT = 7  # days after a call in which no other is due


@frozen(kw_only=True)
class CallOutcome:
    """What became of a call to a customer.

    Parameters
    ----------
    customer
        Identifier of the customer.
    day
        Day of the call, or of the news.
    outcome
        One of `OUTCOMES`.

    Raises
    ------
    InputError
        The outcome is another word.
    """

    customer: Any
    day: date
    outcome: str = field()

    @outcome.validator
    def _is_known(self, _: object, value: str) -> None:
        check_known(
            "the outcome of a call is {key!r}; use one of {known}",
            key=[value],
            known=OUTCOMES,
            error=InputError,
        )


@frozen(kw_only=True, field_transformer=same_numbers)
class Call:
    """One customer to call.

    Parameters
    ----------
    customer
        Identifier.
    segment
        Segment; ``N`` is not classified.
    owner
        Responsible employee; None if not known.
    last_day
        Day of the last order.
    days
        Days since then.
    usual
        The usual gap between orders, in days: the mean of the customer's gaps; with a single order
        that of all customers, or NaN by the rule.
    longest
        The longest gap between two orders so far, in days; NaN without one.
    months
        Money of calendar months, the oldest first, the last of them that of the day before the
        list's; empty if not known.
    probability
        Probability of no order within the horizon; NaN by the rule.
    money
        Money of the orders that are missing if the customer does not order within the horizon:
        that of so many days at the pace of the last year.
    orders
        Number of these orders; NaN if not known.
    expected_loss
        Probability times money; NaN by the rule.
    like
        Number of held-back past cases with a like probability, and of those who did not order.
    outcome
        The latest outcome logged since the last order; None without one.
    """

    __hash__ = None  # type: ignore[assignment]

    customer: Any
    segment: str
    last_day: date
    days: int
    usual: float
    longest: float
    money: float
    owner: str | None = None
    months: tuple[float, ...] = ()
    probability: float = math.nan
    orders: float = math.nan
    expected_loss: float = math.nan
    like: tuple[int, int] = (0, 0)
    outcome: CallOutcome | None = None
    _facts: Mapping[str, float] = field(factory=dict, eq=False, repr=False)
    _because: tuple[str, ...] = field(default=("silence",), eq=False, repr=False)
    _against: tuple[str, ...] = field(default=(), eq=False, repr=False)

    @property
    def never_so_long(self) -> bool:
        """Whether the customer has never been silent for so long between two orders."""
        return self.days > self.longest

    def reasons(self, lang: str = "en") -> list[str]:
        """Return why the customer may not come back, as sentences, the strongest first."""
        return sentences(self._because, self._facts, lang)

    def against(self, lang: str = "en") -> list[str]:
        """Return what speaks for the customer coming back."""
        return sentences(self._against, self._facts, lang)

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return plain values, ready for JSON; reasons in *lang*."""
        outcome = self.outcome
        # Made of plain values at once: thousands of calls would be gone through value by value.
        return {
            "customer": plain_value(self.customer),
            "segment": self.segment,
            "owner": self.owner,
            "last_day": self.last_day.isoformat(),
            "days": self.days,
            "usual": rounded(self.usual, 1),
            "longest": finite(self.longest),
            "never_so_long": self.never_so_long,
            "probability": rounded(self.probability, 4),
            "money": rounded(self.money, 2),
            "orders": rounded(self.orders, 1),
            "expected_loss": rounded(self.expected_loss, 2),
            "like_cases": self.like[0],
            "like_gone": self.like[1],
            "outcome": None if outcome is None else outcome.outcome,
            "outcome_day": None if outcome is None else plain_value(outcome.day),
            "reasons": self.reasons(lang),
            "against": self.against(lang),
            "months": [rounded(one, 2) for one in self.months],
        }


@frozen(kw_only=True)
class CallList(Sequence[Call]):
    """Customers to call, the largest expected loss first.

    By the rule, which knows no probabilities, those come first who have never been silent for so
    long, and then the largest money.

    Parameters
    ----------
    as_of, horizon_days, basis, why
        As in `LapseRisk`; the basis ``rule`` also stands for the rule of the quantile.
    first_month
        First day of the first month of `Call.months`.
    calls
        The customers.
    held_back
        Customers named as well, beyond the number of calls per responsible employee.
    waiting
        Customers named as well, who were called a short while ago or are logged as lost.
    """

    __hash__ = None  # type: ignore[assignment]

    as_of: date
    horizon_days: int
    basis: str
    why: Message
    first_month: date
    calls: tuple[Call, ...]
    held_back: int = 0
    waiting: int = 0

    def __len__(self) -> int:
        return len(self.calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self.calls)

    def __getitem__(self, place: Any) -> Any:
        return self.calls[place]

    def __repr__(self) -> str:
        return brief(self, f"{len(self):,} to call", f"{self.never_so_long:,} never so long")

    @property
    def never_so_long(self) -> int:
        """Number of customers who have never been silent for so long."""
        return sum(one.never_so_long for one in self.calls)

    @property
    def silent_before(self) -> int:
        """Number of customers who have been silent for as long before, and came back."""
        return sum(one.days <= one.longest for one in self.calls)

    @property
    def money(self) -> float:
        """Money of the missing orders of all together."""
        return math.fsum(one.money for one in self.calls if not math.isnan(one.money))

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return plain values, ready for JSON; reasons in *lang*."""
        return {
            "as_of": self.as_of.isoformat(),
            "horizon_days": self.horizon_days,
            "basis": self.basis,
            "why": translate(self.why, lang),
            "first_month": self.first_month.isoformat(),
            "held_back": self.held_back,
            "waiting": self.waiting,
            "customers": [one.to_dict(lang) for one in self.calls],
        }


def calls_of_risk(
    risk: LapseRisk,
    *,
    owners: Mapping[Any, str | None] = MappingProxyType({}),
    outcomes: Iterable[CallOutcome] = (),
    per_owner: int = 0,
) -> CallList:
    """Return whom to call by a lapse risk.

    Parameters
    ----------
    risk
        Whom it names, is called.
    owners
        Customer -> responsible employee.
    outcomes
        Outcomes of earlier calls.
    per_owner
        Calls per responsible employee; 0 for all. Customers without one are not counted.

    Examples
    --------
    >>> from abcxyz import Transactions, lapse_risk
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> len(calls_of_risk(lapse_risk(sales, date(2026, 3, 1))))
    0
    """
    return call_list(
        _calls(risk.take(risk.named), owners),
        as_of=risk.as_of,
        horizon_days=risk.horizon_days,
        basis=risk.basis,
        why=risk.why,
        outcomes=outcomes,
        per_owner=per_owner,
    )


def _calls(risk: LapseRisk, owners: Mapping[Any, str | None]) -> Iterator[Call]:
    columns = (
        risk.customers,
        risk.segment,
        risk.usual_gaps,
        risk.probability,
        risk.money,
        risk.orders,
        risk.expected_loss,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for i, (customer, code, usual, probability, money, orders, loss) in enumerate(rows):
        facts = risk.facts_of(i)
        days = int(facts["silence"])
        because, against = risk.groups(i)
        yield Call(
            customer=customer,
            segment=SEGMENTS[code] if code >= 0 else "N",
            owner=owners.get(customer),
            last_day=risk.as_of - timedelta(days=days),
            days=days,
            usual=usual,
            longest=facts["longest"] if facts["orders"] > 1 else math.nan,
            months=risk.months_of(i),
            probability=probability,
            money=money,
            orders=orders,
            expected_loss=loss,
            like=risk.certainty(i),
            facts=facts,
            because=because,
            against=against,
        )


def call_list(
    calls: Iterable[Call],
    *,
    as_of: date,
    horizon_days: int,
    basis: str,
    why: Message,
    outcomes: Iterable[CallOutcome] = (),
    per_owner: int = 0,
) -> CallList:
    """Order calls, leave out those that are not due, and limit those of each employee.

    Parameters
    ----------
    calls
        Customers named.
    as_of, horizon_days, basis, why
        As in `CallList`.
    outcomes, per_owner
        As in `calls_of_risk`.

    Notes
    -----
    An outcome counts while no order follows it. After a call, or a customer's word that an order
    is coming, the next call is due once another usual gap has passed, after 7 days at the
    earliest and within the horizon; a customer logged as lost is not called.
    """
    latest: dict[str, CallOutcome] = {}
    for one in sorted(outcomes, key=lambda one: one.day):
        if one.day <= as_of:
            latest[str(one.customer)] = one
    due: list[Call] = []
    waiting = 0
    for call in calls:
        logged = latest.get(str(call.customer))
        if logged is not None and logged.day > call.last_day:
            if _is_waiting(call, logged, as_of, horizon_days):
                waiting += 1
                continue
            call = evolve(call, outcome=logged)
        due.append(call)
    due.sort(key=_rank)
    chosen = first_of_owners(due, per_owner)
    return CallList(
        as_of=as_of,
        horizon_days=horizon_days,
        basis=basis,
        why=why,
        first_month=first_of_months(as_of),
        calls=tuple(chosen),
        held_back=len(due) - len(chosen),
        waiting=waiting,
    )


def _is_waiting(call: Call, logged: CallOutcome, as_of: date, horizon: int) -> bool:
    if logged.outcome == "lost":
        return True
    gap = horizon if math.isnan(call.usual) else call.usual
    return (as_of - logged.day).days < min(max(gap, _LEAST_WAIT), horizon)


def _rank(call: Call) -> tuple[float, ...]:
    if math.isnan(call.expected_loss):
        return (float(not call.never_so_long), -_or_zero(call.money))
    return (-call.expected_loss, -_or_zero(call.money))


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
