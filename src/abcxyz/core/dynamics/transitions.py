"""Transitions of customers between classes from one date to another, with money and rates."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import (
    EXACT,
    SAME_ARRAYS,
    ArrayLike,
    Bools,
    Codes,
    Floats,
    Ints,
    Numbers,
    freeze,
)
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.segments import ABC, XYZ
from abcxyz.core.display import Drawable, Tabular, brief, html_table, plain_number
from abcxyz.core.dynamics.events import EVENTS, SENTENCES, event_table
from abcxyz.core.dynamics.rate_interval import rate_interval
from abcxyz.core.dynamics.transition_counts import (
    MOST_CLASSES,
    count_paths,
    in_order,
    path_numbers,
)
from abcxyz.core.dynamics.transition_inputs import (
    codes_of,
    column_of,
    customers_of,
    flags_of,
    money_of,
)
from abcxyz.core.labels import aligned
from abcxyz.core.minor_units import MINOR_PLACES, exact_money, money_difference
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Transitions", "transitions"]


@frozen(kw_only=True)
class Transitions(Drawable, Tabular):
    """Moves of n customers between k classes, not classified (``N``) and absent.

    Parameters
    ----------
    before, after
        (n,) int8 codes: a class, -1 = N, -2 = absent.
    labels
        Names of the k classes.
    ordered
        Whether the classes run from the best to the worst, so that a move is up or down.
    counts
        (k + 2, k + 2) customers by `states` before (rows) and after (columns).
    value_before, value_after
        (n,) money of each customer, 0 without sales; None if not known.
    sold_before
        (n,) whether the customer had any sale up to the first date; None if not known.
    customers
        (n,) identifiers; None if not known.
    method, level
        Method and level of the confidence intervals, see `rate_interval`.
    overlap
        Whether the two windows share days: the rates are then no transition probabilities.
    """

    __hash__ = None  # type: ignore[assignment]

    before: Codes = field(eq=SAME_ARRAYS)
    after: Codes = field(eq=SAME_ARRAYS)
    labels: tuple[str, ...]
    ordered: bool
    counts: Ints = field(eq=SAME_ARRAYS)
    value_before: Numbers | None = field(default=None, eq=SAME_ARRAYS)
    value_after: Numbers | None = field(default=None, eq=SAME_ARRAYS)
    sold_before: Bools | None = field(default=None, eq=SAME_ARRAYS)
    customers: npt.NDArray[Any] | None = field(default=None, eq=SAME_ARRAYS)
    method: str = "wilson"
    level: float = 0.95
    overlap: bool = False

    def __len__(self) -> int:
        return len(self.before)

    def __repr__(self) -> str:
        events = np.bincount(self.events + 1, minlength=len(EVENTS) + 1).tolist()[1:]
        counts = [f"{name} {n:,}" for name, n in zip(EVENTS, events, strict=True) if n]
        return brief(self, f"{len(self):,} customers", ", ".join(counts))

    @property
    def states(self) -> tuple[str, ...]:
        """The classes, ``N`` and ``absent``: rows and columns of every table."""
        return (*self.labels, "N", "absent")

    @property
    def rates(self) -> Floats:
        """(k + 2, k + 2) share of the row's customers per path; NaN where the row is empty."""
        whole = self.counts.sum(axis=1, keepdims=True)
        return freeze(self.counts / np.where(whole > 0, whole, np.nan))

    @property
    def intervals(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds of `rates`."""
        low, high = rate_interval(
            self.counts,
            self.counts.sum(axis=1, keepdims=True),
            method=self.method,
            level=self.level,
        )
        return freeze(low), freeze(high)

    @functools.cached_property
    def money_before(self) -> Floats:
        """(k + 2, k + 2) money before of the customers on each path.

        Raises
        ------
        InputError
            The money is not known.
        """
        return self._money(self.value_before)

    @functools.cached_property
    def money_after(self) -> Floats:
        """(k + 2, k + 2) money after of the customers on each path."""
        return self._money(self.value_after)

    @property
    def money_change(self) -> Floats:
        """(k + 2, k + 2) change of the money on each path."""
        return freeze(money_difference(self.money_after, self.money_before))

    def _money(self, values: Numbers | None) -> Floats:
        if values is None:
            raise InputError(
                "the money is not known; pass money_before and money_after to transitions"
            )
        # Integers below it add up exactly, whatever their order.
        whole = exact_money(values)
        exact = whole is not None and float(np.abs(whole).sum(dtype=float)) < EXACT
        weights = whole if exact else values
        sums = count_paths(self.before, self.after, len(self.labels), weights=weights)
        table = in_order(sums, len(self.labels))
        return freeze(table / 10**MINOR_PLACES if exact else table)

    @functools.cached_property
    def events(self) -> Codes:
        """(n,) int8 indices in `EVENTS`; -1 for a customer absent on both dates.

        If `sold_before` is known it decides between ``new`` and ``returned``, also for customers
        who were in the list without ever having bought.
        """
        k = len(self.labels)
        table = np.roll(event_table(k, ordered=self.ordered), 2, axis=(0, 1)).ravel()
        codes = table[path_numbers(self.before, self.after, k)]
        if self.sold_before is not None:
            came = (self.before < 0) & (self.after >= 0)
            codes[came] = np.where(
                self.sold_before[came], EVENTS.index("returned"), EVENTS.index("new")
            )
        return freeze(codes)

    def count(self, name: str) -> int:
        """Count the customers of one event, such as ``down``."""
        return int(np.count_nonzero(self._having(name)))

    def who(self, name: str) -> npt.NDArray[Any]:
        """Return the customers of one event; their positions if there are no identifiers.

        Raises
        ------
        InputError
            There is no such event.
        """
        places = np.flatnonzero(self._having(name))
        return places if self.customers is None else self.customers[places]

    def _having(self, name: str) -> Bools:
        if name not in EVENTS:
            raise InputError(
                "the event {name!r} is unknown; use one of {known}",
                name=name,
                known=", ".join(EVENTS),
            )
        return np.asarray(self.events == EVENTS.index(name))

    @property
    def new(self) -> npt.NDArray[Any]:
        """Customers who bought for the first time."""
        return self.who("new")

    @property
    def reactivated(self) -> npt.NDArray[Any]:
        """Customers who bought again after a window without sales."""
        return self.who("returned")

    @property
    def lost(self) -> npt.NDArray[Any]:
        """Customers who had a class and bought nothing in the new window."""
        return self.who("lost")

    def explain(self, customer: object, lang: str = "en") -> str:
        """Describe the move of one customer, by identifier, or by position if there are none.

        Raises
        ------
        InputError
            The customer is not in the lists.

        Examples
        --------
        >>> moves = transitions([0], [1], money_before=[90], money_after=[45.5])
        >>> moves.explain(0)
        'down: A, then B; 90, then 45.50'
        """
        known = np.arange(len(self)) if self.customers is None else self.customers
        places = np.flatnonzero(known == customer)
        if not len(places):
            raise InputError("there is no customer {customer!r} here", customer=customer)
        i = int(places[0])
        names = (*self.labels, text("absent", lang), "N")
        code = int(self.events[i])
        sentence = text(
            SENTENCES[EVENTS[code] if code >= 0 else "absent"],
            lang,
            before=names[self.before[i]],
            after=names[self.after[i]],
        )
        if self.value_before is None or self.value_after is None:
            return sentence
        return text(
            "{sentence}; {before}, then {after}",
            lang,
            sentence=sentence,
            before=plain_number(float(self.value_before[i]), lang),
            after=plain_number(float(self.value_after[i]), lang),
        )

    def path(self, before: str, after: str) -> tuple[int, float]:
        """Return the number of customers on one path, and the rate of the path."""
        row, column = self._place(before), self._place(after)
        return int(self.counts[row, column]), float(self.rates[row, column])

    def _place(self, state: str) -> int:
        if state not in self.states:
            raise InputError(
                "the state {state!r} is unknown; use one of {known}",
                state=state,
                known=", ".join(self.states),
            )
        return self.states.index(state)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per path with customers."""
        import pandas as pd

        rows, columns = np.nonzero(self.counts)
        names = np.array(self.states)
        low, high = self.intervals
        table = {
            "before": names[rows],
            "after": names[columns],
            "customers": self.counts[rows, columns],
            "rate": self.rates[rows, columns],
            "low": low[rows, columns],
            "high": high[rows, columns],
        }
        if self.value_before is not None and self.value_after is not None:
            table |= {
                name: getattr(self, name)[rows, columns]
                for name in ("money_before", "money_after", "money_change")
            }
        return pd.DataFrame(table)

    def to_html(self, lang: str = "en") -> str:
        """Return the customers and their share of the row as a table in HTML."""
        rates = self.rates
        states = [text("absent", lang) if one == "absent" else one for one in self.states]
        rows = [
            [
                state,
                *(
                    f"{plain_number(float(count), lang)} · {percent(float(rate), lang)}"
                    if count
                    else ""
                    for count, rate in zip(self.counts[i], rates[i], strict=True)
                ),
            ]
            for i, state in enumerate(states)
        ]
        caption = text("customers · share of the row; rows before, columns after", lang)
        return html_table(caption, ("", *states), rows)


def transitions(
    before: ArrayLike | AbcResult | XyzResult,
    after: ArrayLike | AbcResult | XyzResult,
    *,
    labels: tuple[str, ...] | None = None,
    ordered: bool = True,
    money_before: ArrayLike | None = None,
    money_after: ArrayLike | None = None,
    sold_before: ArrayLike | None = None,
    customers: ArrayLike | None = None,
    method: str = "wilson",
    level: float = 0.95,
    overlap: bool = False,
) -> Transitions:
    """Count the moves between two aligned arrays of codes.

    Parameters
    ----------
    before, after
        (n,) codes of the same customers: a class, -1 not classified, -2 not in the list; or both
        results of a classification. Where both have labels, as a pandas Series has, they are
        matched by them; else they are in the same order.
    labels
        Names of the classes: ``("A", "B", "C")``, ``("X", "Y", "Z")``, `SEGMENTS`, `BCG.names`,
        or any other of up to 13; None for those of the results, or else ``("A", "B", "C")``.
    ordered
        Whether smaller codes are better. Segments are ordered by ABC, then XYZ.
    money_before, money_after
        (n,) money; NaN counts as zero. A pandas Series is matched by its labels.
    sold_before
        (n,) whether the customer had any sale up to the first date.
    customers
        (n,) identifiers; None for the labels of *before*.
    method, level
        Method and level of the confidence intervals, see `rate_interval`.
    overlap
        Whether the windows share days.

    Returns
    -------
    Transitions

    Raises
    ------
    InputError
        Arrays of different lengths or with different labels, or codes without a label.

    Examples
    --------
    >>> moves = transitions([0, 0, 1, -1], [0, 1, -1, 2])
    >>> moves.counts[:4, :4].tolist()
    [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]
    >>> moves.count("down"), moves.lost.tolist(), moves.reactivated.tolist()
    (1, [2], [3])
    """
    if labels is None:
        labels = XYZ if isinstance(before, XyzResult) else ABC
    k = len(labels)
    if k > MOST_CLASSES:
        raise InputError(
            "there are {count} classes; up to {most} can be compared", count=k, most=MOST_CLASSES
        )
    rate_interval(0, 1, method=method, level=level)
    was, index = codes_of(before, "before", k)
    after_codes, after_index = codes_of(after, "after", k)
    now = aligned(after_codes, after_index, index, "after")
    if index is None:
        index = after_index
    columns = {
        "value_before": column_of(money_before, "money_before", index, money_of),
        "value_after": column_of(money_after, "money_after", index, money_of),
        "sold_before": column_of(sold_before, "sold_before", index, flags_of),
        "customers": customers_of(customers, index),
    }
    for name, column in {"after": now, **columns}.items():
        if column is not None and len(column) != len(was):
            raise InputError(
                "{name} has {count} {count:value|values} for {customers} "
                "{customers:customer|customers}; give one per customer",
                name=name.replace("value", "money"),
                count=len(column),
                customers=len(was),
            )
    return Transitions(
        before=freeze(was),
        after=freeze(now),
        labels=tuple(labels),
        ordered=ordered,
        counts=freeze(in_order(count_paths(was, now, k), k)),
        **{name: None if one is None else freeze(one) for name, one in columns.items()},
        method=method,
        level=level,
        overlap=overlap,
    )
