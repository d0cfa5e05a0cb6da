"""Reasons of a probability in words: groups of features, and a sentence for each."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats
from abcxyz.core.classes.segments import ABC
from abcxyz.core.landmarks.features import ATTRIBUTE
from abcxyz.core.landmarks.model import Card
from abcxyz.core.prospects.simple import Simple
from abcxyz.toolkit.catalogue import Figure, text
from abcxyz.toolkit.numbers import money, number

__all__ = ["GROUPS", "Reasons", "is_known", "pushes_of", "reason", "sentences", "strongest"]

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "silence": (
            "rhythm", "silence", "silence_to_gap", "silence_to_longest", "mean_gap",
        ),
        "orders": (
            "orders_90", "orders_180", "orders_365", "active_months", "rate", "order_trend",
        ),
        "money": ("money_trend", "money_90", "money_365"),
        "size": ("mean_order", "last_order"),
        "regularity": ("irregularity",),
        "tenure": ("tenure",),
        "season": ("same_season",),
        "returns": ("returns",),
        "class": ("abc", "abc_change"),
        "value": ("value_to_limit",),
    }
)  # fmt: skip
"""Group of features that one sentence explains -> the features."""

_REASONS = 3
_BLOCK = 1 << 12  # probabilities ranked at once: lists name few of many
_TELLING = 0.15  # log-odds from which a group of features is a reason
_NEEDED = MappingProxyType(
    {"silence": "silence", "tenure": "tenure", "season": "same_season", "value": "missing"}
)


def pushes_of(model: Card | Simple | None, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return for every group the (n,) log-odds by which it moves each example off the average."""
    pushes: dict[str, Floats] = {}
    if isinstance(model, Simple):
        raw = model.log_odds(columns, 0)
        group = next(name for name, members in GROUPS.items() if model.feature in members)
        return {group: raw - float(np.median(raw)) if len(raw) else raw}
    if model is None:
        return pushes
    grouped = {member for members in GROUPS.values() for member in members}
    groups: dict[str, tuple[str, ...]] = dict(GROUPS)
    groups |= {
        part.attribute.name: (part.attribute.name,)
        for part in model.parts
        if part.attribute.name not in grouped
    }
    for group, members in groups.items():
        parts = [part for part in model.parts if part.attribute.name in members]
        if parts:
            pushes[group] = sum(
                (part.of(columns[part.attribute.name]) - part.mean for part in parts),
                np.zeros(len(next(iter(columns.values())))),
            )
    return pushes


def is_known(group: str, facts: Mapping[str, float]) -> bool:
    """Return whether `reason` has something to say of a customer."""
    needed = _NEEDED.get(group)
    if group == "returns":
        return facts["returned"] > 0
    return needed is None or not math.isnan(facts[needed])


def are_known(group: str, facts: Mapping[str, Floats]) -> Bools:
    """Return `is_known` of n customers by their (n,) facts."""
    if group == "returns":
        return np.asarray(facts["returned"] > 0)
    needed = _NEEDED.get(group)
    if needed is None:
        return np.ones(len(next(iter(facts.values()))), dtype=bool)
    return ~np.isnan(facts[needed])


def reason(group: str, facts: Mapping[str, float], lang: str) -> str:
    """Return what was known about a customer, as a sentence; empty if nothing was.

    Parameters
    ----------
    group
        One of `GROUPS`, or the feature of an attribute.
    facts
        The customer's facts, as in `Features`.
    lang
        Language of the sentence.
    """
    if not is_known(group, facts):
        return ""
    if group == "silence":
        return _silence(facts, lang)
    if group == "orders":
        return text(
            "orders in 90 days: {now}, in the 90 before: {before}",
            lang,
            now=number(facts["orders_90"], lang),
            before=number(facts["orders_180"] - facts["orders_90"], lang),
        )
    if group == "money":
        return text(
            "bought in 90 days for {now}, in the 90 before for {before}",
            lang,
            now=money(facts["money_90"], lang),
            before=money(facts["money_180"] - facts["money_90"], lang),
        )
    if group == "size":
        return text("mean order: {money}", lang, money=money(facts["mean_order"], lang))
    if group == "regularity":
        even = facts["irregularity"] < 1
        return text("orders at even intervals" if even else "orders at uneven intervals", lang)
    if group == "tenure":
        return text(("a customer for {days} {days:day|days}"), lang, days=Figure(facts["tenure"]))
    if group == "season":
        return text(
            "orders in this season a year ago: {count}",
            lang,
            count=number(facts["same_season"], lang),
        )
    if group == "returns":
        return text("returns in 180 days: {money}", lang, money=money(facts["returned"], lang))
    if group == "class":
        now, before = _letter(facts["abc"]), _letter(facts["before"])
        if now == before:
            return text("class {now}, as a quarter ago", lang, now=now)
        return text("class {now}, a quarter ago {before}", lang, now=now, before=before)
    if group == "value":
        return text(
            "{money} short of class A", lang, money=money(max(facts["missing"], 0.0), lang)
        )
    if group.startswith(ATTRIBUTE):
        return text("the attribute {name}", lang, name=group.removeprefix(ATTRIBUTE))
    return ""


def sentences(groups: Iterable[str], facts: Mapping[str, float], lang: str) -> list[str]:
    """Return what was known about a customer by groups, without those of which nothing was."""
    return [one for one in (reason(group, facts, lang) for group in groups) if one]


def _silence(facts: Mapping[str, float], lang: str) -> str:
    days = Figure(facts["silence"])
    if facts["orders"] < 2:
        return text("{days} {days:day|days} silent after a single order", lang, days=days)
    return text(
        "{days} {days:day|days} silent, usual {usual}, longest {longest}",
        lang,
        days=days,
        usual=number(facts["own_gap"], lang),
        longest=number(facts["longest"], lang),
    )


def _letter(code: float) -> str:
    return ABC[int(code)] if 0 <= code < len(ABC) else "N"


def strongest(pushes: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """Return which groups raise a probability, and which lower it, the strongest first.

    Parameters
    ----------
    pushes
        Group of features -> log-odds by which it moves the probability off the average; groups
        that hardly move it are no reason.
    """
    strengths = [(push, name) for name, push in pushes.items() if abs(push) >= _TELLING]
    raising = [name for _, name in sorted((-push, name) for push, name in strengths if push > 0)]
    return raising, [name for push, name in sorted(strengths) if push < 0]


def _first_places(push: Floats) -> tuple[list[list[int]], list[int]]:
    """Return the (n, 3) places of the largest positive log-odds, and the (n,) number of them."""
    order = np.argsort(-push, axis=1, kind="stable")[:, :_REASONS]
    count = np.minimum((push > 0).sum(axis=1), _REASONS)
    return order.tolist(), count.tolist()


@frozen(eq=False)
class _Block:
    """Neighbouring probabilities: places of the groups that raise and lower each, and facts."""

    raising: tuple[list[list[int]], list[int]]
    lowering: tuple[list[list[int]], list[int]]
    facts: Floats


class Reasons:
    """Reasons of n probabilities: what moves each off the average, as sentences.

    Parameters
    ----------
    pushes
        Group of features -> (n,) log-odds, as `pushes_of` returns them.
    facts
        Facts of `Features` -> (n,) numbers.
    first
        A group that comes first wherever the (n,) booleans hold and something is known of it;
        None for the order of the log-odds alone.
    """

    def __init__(
        self,
        pushes: Mapping[str, Floats],
        facts: Mapping[str, Floats],
        *,
        first: tuple[str, Bools] | None = None,
    ) -> None:
        self._pushes, self._facts, self._first = pushes, facts, first
        self._blocks: dict[int, _Block] = {}

    def groups(self, i: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which groups raise probability number *i*, and which lower it.

        The strongest group is the first, and three of either side are the most.
        """
        block, row, names = self._block(i), i % _BLOCK, self._names
        (raising, count), (lowering, count_lowering) = block.raising, block.lowering
        return (
            tuple([names[place] for place in raising[row][: count[row]]]),
            tuple([names[place] for place in lowering[row][: count_lowering[row]]]),
        )

    def sentences(self, i: int, lang: str, *, against: bool = False) -> list[str]:
        """Return what raises probability number *i* in words, or what lowers it."""
        return sentences(self.groups(i)[against], self.facts_of(i), lang)

    @functools.cached_property
    def _names(self) -> list[str]:
        named = [] if self._first is None else [self._first[0]]
        return sorted({*self._pushes, *named})

    def facts_of(self, i: int) -> dict[str, float]:
        """Return the facts behind probability number *i*."""
        return dict(zip(self._facts, self._block(i).facts[i % _BLOCK].tolist(), strict=True))

    def _block(self, i: int) -> _Block:
        """Return the neighbours of probability number *i*: those of a list are asked for."""
        if i // _BLOCK not in self._blocks:
            start = i // _BLOCK * _BLOCK
            self._blocks[i // _BLOCK] = self._made(slice(start, start + _BLOCK))
        return self._blocks[i // _BLOCK]

    def _made(self, rows: slice) -> _Block:
        """Do for many neighbours at once what `strongest` does for one."""
        facts = {name: one[rows] for name, one in self._facts.items()}
        n = len(next(iter(facts.values())))
        nothing = np.zeros(n)
        push = np.array(
            [self._pushes[name][rows] if name in self._pushes else nothing for name in self._names]
        )
        push = push.reshape(len(self._names), n).T
        known = np.array([are_known(name, facts) for name in self._names], dtype=bool)
        known = known.reshape(len(self._names), n).T
        push = np.where(known & (np.abs(push) >= _TELLING), push, 0.0)
        if self._first is not None:
            group, holds = self._first
            place = self._names.index(group)
            push[holds[rows] & known[:, place], place] = np.inf
        # One row of a table is read faster than one number each of many arrays.
        table = np.stack(list(facts.values()), axis=1)
        return _Block(_first_places(push), _first_places(-push), table)
