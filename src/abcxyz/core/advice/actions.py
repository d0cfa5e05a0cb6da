"""Recommended actions per customer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Codes, freeze
from abcxyz.core.advice.playbook import Advice, Playbook, Refinement, default_playbook
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.sales.rhythm import Silence
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Action", "Actions", "advise"]


@frozen(kw_only=True)
class Action:
    """Recommended action for one customer."""

    customer: Any
    segment: str
    channel: str
    refinement: str | None
    _advice: Advice | None = field(repr=False)
    _refined: Refinement | None = field(repr=False)
    _fields: Mapping[str, object] = field(repr=False, hash=False)

    def text(self, lang: str = "en") -> str:
        """Return the recommendation as text."""
        parts = [self._advice.text.in_language(lang)] if self._advice is not None else []
        if self._refined is not None:
            parts.insert(0, self._refined.text.in_language(lang))
        return ". ".join(part.format(**self._fields) for part in parts)

    def hint(self, lang: str = "en") -> str:
        """Return a hint for the talk with the customer; empty for a customer without a class."""
        if self._advice is None:
            return ""
        return self._advice.hint.in_language(lang).format(**self._fields)


@frozen(kw_only=True)
class Actions:
    """Recommended actions for n customers.

    Parameters
    ----------
    customers
        (n,) identifiers.
    before
        (n,) segment codes in the previous snapshot; None if there is none.
    segment
        (n,) current segment codes.
    refinement
        (n,) int8 positions in the playbook's refinements, -1 for none.
    silence
        Days since the last order of each customer.
    playbook
        Source of the texts.
    """

    __hash__ = None  # type: ignore[assignment]

    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    before: Codes | None = field(eq=False)
    segment: Codes = field(eq=SAME_ARRAYS)
    refinement: Codes = field(eq=SAME_ARRAYS)
    silence: Silence
    playbook: Playbook

    def __len__(self) -> int:
        return len(self.segment)

    def __getitem__(self, i: int) -> Action:
        """Return the action for customer number *i*."""
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        code, place = int(self.segment[i]), int(self.refinement[i])
        advice = self.playbook.advice[SEGMENTS[code]] if code >= 0 else None
        refined = self.playbook.refinements[place] if place >= 0 else None
        before = -1 if self.before is None else int(self.before[i])
        customer = self.customers[i]
        return Action(
            customer=customer.item() if isinstance(customer, np.generic) else customer,
            segment=_name(code),
            channel=(refined.channel if refined is not None else None)
            or (advice.channel if advice is not None else ""),
            refinement=None if refined is None else refined.name,
            advice=advice,
            refined=refined,
            fields={
                "segment": _name(code),
                "before": _name(before),
                "after": _name(code),
                "days": _whole(self.silence.days[i]),
                "usual": _whole(self.silence.usual[i]),
            },
        )

    def to_frame(self, lang: str = "en") -> pd.DataFrame:
        """Return a pandas data frame, one row per customer."""
        import pandas as pd

        actions = [self[i] for i in range(len(self))]
        return pd.DataFrame(
            {
                "customer": self.customers,
                "segment": [one.segment for one in actions],
                "channel": [one.channel for one in actions],
                "action": [one.text(lang) for one in actions],
                "hint": [one.hint(lang) for one in actions],
            }
        )


def _name(code: int) -> str:
    return SEGMENTS[code] if code >= 0 else "N"


def _whole(days: float) -> str:
    return "?" if math.isnan(days) else f"{days:.0f}"


def advise(
    segment: Codes,
    silence: Silence,
    customers: npt.NDArray[Any],
    *,
    moves: Transitions | None = None,
    playbook: Playbook | None = None,
) -> Actions:
    """Choose the recommended action for every customer.

    Parameters
    ----------
    segment
        (n,) current segment codes.
    silence
        Days since the last order of the n customers.
    customers
        (n,) identifiers.
    moves
        Transitions by segment since the previous snapshot; its first n customers are these.
    playbook
        Texts and channels; None for the default playbook.

    Returns
    -------
    Actions
    """
    book = default_playbook() if playbook is None else playbook
    n = len(segment)
    if moves is not None and len(moves) < n:
        raise InputError(
            "{name} has {count} values for {customers} customers; give one per customer",
            name="moves",
            count=len(moves),
            customers=n,
        )
    before = None if moves is None else moves.before[:n]
    events = None if moves is None else moves.events[:n]
    refinement = np.full(n, -1, dtype=np.int8)
    for place in reversed(range(len(book.refinements))):
        refinement[book.refinements[place].fits(before, segment, events, silence.late)] = place
    return Actions(
        customers=customers,
        before=before,
        segment=segment,
        refinement=freeze(refinement),
        silence=silence,
        playbook=book,
    )
