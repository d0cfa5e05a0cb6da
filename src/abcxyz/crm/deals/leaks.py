"""Guard against fields that tell the outcome of a deal because they became known after it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.core.landmarks.model import Examples
from abcxyz.core.prospects.binning import bin_attribute
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.core.prospects.metrics import roc_auc
from abcxyz.crm.deals.fields import KnownField
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.visits import LOST, OPEN, WON
from abcxyz.errors import InputError

__all__ = ["refuse_leaks", "zero_when_lost"]

_CLEAR = 0.95
_FILLED, _EMPTY = 0.9, 0.5
_LEAST = 10


def refuse_leaks(
    crm: CrmData,
    fields: dict[str, KnownField],
    examples: Examples,
    allow: Collection[str] = (),
) -> None:
    """Check the fields of the deals against their outcomes.

    Parameters
    ----------
    crm
        The records.
    fields
        Name -> a field, of which values are features.
    examples
        Examples with these features.
    allow
        Fields that are known from the start though they look otherwise.

    Raises
    ------
    InputError
        A field is 0 exactly for the lost deals, is filled for won deals and empty for open ones
        of their age, or tells the outcome almost perfectly by itself; the message names it.
    """
    for name, one in fields.items():
        if name in allow:
            continue
        # What a history shows to be entered later counts from that moment on only.
        if not one.is_history:
            _refuse_late(crm, name, one)
        if name in examples.columns:
            _refuse_clear(name, examples)


def _refuse_late(crm: CrmData, name: str, one: KnownField) -> None:
    rows = np.arange(len(crm.deals))
    if zero_when_lost(crm, one.numbers(rows, crm.until)):
        raise InputError(
            "the field {name!r} is 0 for exactly the lost deals, so it is entered after the "
            "outcome; leave it out, or allow it by name",
            name=name,
        )
    filled = one.texts(rows, crm.until) != ""
    won, waiting = _alike(crm)
    if (
        min(won.sum(), waiting.sum()) >= _LEAST
        and filled[won].mean() >= _FILLED
        and filled[waiting].mean() <= _EMPTY
    ):
        raise InputError(
            "the field {name!r} is filled for {won:.0%} of the won deals and for {open:.0%} of "
            "the open ones of the same age, so it is entered after the outcome; leave it out, or "
            "allow it by name",
            name=name,
            won=float(filled[won].mean()),
            open=float(filled[waiting].mean()),
        )


def _refuse_clear(name: str, examples: Examples) -> None:
    truth = examples.outcome
    if truth.all() or not truth.any():
        return
    column = examples.columns[name]
    # Bins of any shape: the leak may be that a value is known at all.
    one = bin_attribute(
        name,
        column,
        truth,
        kind="number" if column.dtype == np.float64 else "category",
        trend="none",
        min_share=0.01,
    )
    places, _, _ = place_values(column, one.attribute, strict=False)
    evidence: Floats = one.woe[places]
    auc = roc_auc(truth, evidence).value
    if auc >= _CLEAR:
        raise InputError(
            "the field {name!r} alone tells the won deals from the others almost perfectly (AUC "
            "{auc:.3f}), so it is entered after the outcome; leave it out, or allow it by name",
            name=name,
            auc=auc,
        )


def zero_when_lost(crm: CrmData, numbers: Floats) -> bool:
    """Return whether (n,) numbers of the deals are 0 for the lost deals, and for no won one."""
    kind = crm.outcomes.kind
    lost, won = numbers[kind == LOST], numbers[kind == WON]
    lost, won = lost[~np.isnan(lost)], won[~np.isnan(won)]
    if min(len(lost), len(won)) < _LEAST:
        return False
    return bool((lost == 0).all() and (won != 0).all())


def _alike(crm: CrmData) -> tuple[Bools, Bools]:
    """Return which deals were won, and which are open and as old as most of these became."""
    outcomes = crm.outcomes
    won = (outcomes.kind == WON) & ~np.isnat(outcomes.closed)
    if not won.any():
        return won, won
    usual = np.quantile((outcomes.closed - crm.deals.created)[won].astype(np.int64), 0.1)
    age = (crm.until - crm.deals.created).astype(np.int64)
    return np.asarray(won), np.asarray((outcomes.kind == OPEN) & (age >= usual))
