"""Recommended actions per customer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Ints, freeze
from abcxyz._coded import Coded
from abcxyz.core.advice.playbook import (
    CUSTOMER_FIELDS,
    Advice,
    Playbook,
    Refinement,
    default_playbook,
)
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.display import brief
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
        return _template(self._advice, self._refined, lang).format(**self._fields)

    def hint(self, lang: str = "en") -> str:
        """Return a hint for the talk with the customer; empty for a customer without a class."""
        return _hint(self._advice, lang).format(**self._fields)


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
    compared
        Days since the last order, and the usual ones, that the texts name; None for those of
        *silence*.
    """

    __hash__ = None  # type: ignore[assignment]

    customers: npt.NDArray[Any] = field(eq=SAME_ARRAYS)
    before: Codes | None = field(eq=False)
    segment: Codes = field(eq=SAME_ARRAYS)
    refinement: Codes = field(eq=SAME_ARRAYS)
    silence: Silence
    playbook: Playbook
    compared: Silence | None = None

    def __len__(self) -> int:
        return len(self.segment)

    def __repr__(self) -> str:
        channels = Counter(self.channels())
        counts = [f"{name or 'none'} {n:,}" for name, n in channels.most_common()]
        return brief(self, f"{len(self):,} customers", ", ".join(counts))

    def __getitem__(self, i: int) -> Action:
        """Return the action for customer number *i*."""
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        code, place = int(self.segment[i]), int(self.refinement[i])
        advice, refined = self._sources(code, place)
        before = -1 if self.before is None else int(self.before[i])
        customer = self.customers[i]
        return Action(
            customer=customer.item() if isinstance(customer, np.generic) else customer,
            segment=_name(code),
            channel=_channel(advice, refined),
            refinement=None if refined is None else refined.name,
            advice=advice,
            refined=refined,
            fields=_fields(code, before, self._named.days[i], self._named.usual[i]),
        )

    @property
    def _named(self) -> Silence:
        return self.silence if self.compared is None else self.compared

    def _sources(self, code: int, place: int) -> tuple[Advice | None, Refinement | None]:
        return (
            self.playbook.advice[SEGMENTS[code]] if code >= 0 else None,
            self.playbook.refinements[place] if place >= 0 else None,
        )

    def texts(self, lang: str = "en", places: Ints | None = None) -> list[str]:
        """Return the recommendations as text: `Action.text` of many customers, in one pass.

        Parameters
        ----------
        lang
            Language of the text.
        places
            (m,) indices of customers; None for all n.

        Returns
        -------
        list of str
            m texts in the order of *places*.
        """
        return self.coded_texts(lang, places).tolist()

    def coded_texts(self, lang: str = "en", places: Ints | None = None) -> Coded:
        """Return the same in their compact form, for few of them differ."""
        return self._filled(lambda advice, refined: _template(advice, refined, lang), places)

    def hints(self, lang: str = "en", places: Ints | None = None) -> list[str]:
        """Return the hints for the talk: `Action.hint` of many customers, as `texts` does."""
        return self._filled(lambda advice, _: _hint(advice, lang), places).tolist()

    def _filled(
        self,
        template_of: Callable[[Advice | None, Refinement | None], str],
        places: Ints | None,
    ) -> Coded:
        codes = np.empty(len(self) if places is None else len(places), dtype=np.int64)
        texts: list[str] = []
        for advice, refined, rows, at in self._grouped(places):
            template = template_of(advice, refined)
            code = int(self.segment[at[0]])
            # Most recommendations are the same for all customers of a segment.
            if not any(f"{{{name}" in template for name in CUSTOMER_FIELDS):
                codes[rows] = len(texts)
                texts.append(template.format(**_fields(code, -1, math.nan, math.nan)))
                continue
            before = [-1] * len(at) if self.before is None else self.before[at].tolist()
            days, usual = self._named.days[at].tolist(), self._named.usual[at].tolist()
            known: dict[tuple[int, float, float], int] = {}
            for row, each in zip(
                rows.tolist(), zip(before, days, usual, strict=True), strict=True
            ):
                place = known.get(each)
                if place is None:
                    place = known[each] = len(texts)
                    texts.append(template.format(**_fields(code, *each)))
                codes[row] = place
        return Coded(codes, texts)

    def channels(self, places: Ints | None = None) -> list[str]:
        """Return the channels of the customers with the indices *places*; None for all n."""
        channels = np.empty(len(self) if places is None else len(places), dtype=object)
        for advice, refined, rows, _ in self._grouped(places):
            channels[rows] = _channel(advice, refined)
        written: list[str] = channels.tolist()
        return written

    def _grouped(
        self, places: Ints | None
    ) -> Iterator[tuple[Advice | None, Refinement | None, Ints, Ints]]:
        """Yield the customers of each recommendation: rows in *places*, and their indices."""
        at = np.arange(len(self)) if places is None else places
        pairs = self.segment[at].astype(np.int64) * 256 + self.refinement[at]
        for pair in np.unique(pairs).tolist():
            rows = np.flatnonzero(pairs == pair)
            first = at[rows[0]]
            sources = self._sources(int(self.segment[first]), int(self.refinement[first]))
            yield *sources, rows, at[rows]

    def to_frame(self, lang: str = "en") -> pd.DataFrame:
        """Return a pandas data frame, one row per customer."""
        import pandas as pd

        actions = [self[i] for i in range(len(self))]
        return pd.DataFrame(
            {
                "customer": self.customers,
                "segment": [one.segment for one in actions],
                "channel": self.channels(),
                "action": self.texts(lang),
                "hint": self.hints(lang),
            }
        )


def _template(advice: Advice | None, refined: Refinement | None, lang: str) -> str:
    parts = [one.text.in_language(lang) for one in (refined, advice) if one is not None]
    return ". ".join(parts)


def _hint(advice: Advice | None, lang: str) -> str:
    return "" if advice is None else advice.hint.in_language(lang)


def _channel(advice: Advice | None, refined: Refinement | None) -> str:
    replaced = None if refined is None else refined.channel
    return replaced or ("" if advice is None else advice.channel)


def _fields(code: int, before: int, days: float, usual: float) -> dict[str, object]:
    return {
        "segment": _name(code),
        "before": _name(before),
        "after": _name(code),
        "days": _whole(days),
        "usual": _whole(usual),
    }


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
    late: Bools | None = None,
    compared: Silence | None = None,
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
    late
        (n,) whether the silence calls for advice; None for one longer than usual.
    compared
        As in `Actions`.

    Returns
    -------
    Actions
    """
    book = default_playbook() if playbook is None else playbook
    n = len(segment)
    if moves is not None and len(moves) < n:
        raise InputError(
            "{name} has {count} {count:value|values} for {customers} "
            "{customers:customer|customers}; give one per customer",
            name="moves",
            count=len(moves),
            customers=n,
        )
    before = None if moves is None else moves.before[:n]
    events = None if moves is None else moves.events[:n]
    late = silence.late if late is None else late
    refinement = np.full(n, -1, dtype=np.int8)
    for place in reversed(range(len(book.refinements))):
        refinement[book.refinements[place].fits(before, segment, events, late)] = place
    return Actions(
        customers=customers,
        before=before,
        segment=segment,
        refinement=freeze(refinement),
        silence=silence,
        playbook=book,
        compared=compared,
    )
