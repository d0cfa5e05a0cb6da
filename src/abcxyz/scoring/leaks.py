"""Detection of target leakage: attributes that became known only after the outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from abcxyz._arrays import Bools, Floats
from abcxyz.core.prospects.binning import Binning, bin_attribute
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.core.prospects.metrics import Auc, roc_auc
from abcxyz.errors import InputError
from abcxyz.scoring.model import Design, FitOptions, fit_log_odds

__all__ = ["alone", "refuse_leaks", "suspects"]

_CLEAR = 0.05
_STRONG = 0.7


def alone(design: Design, outcome: Bools, options: FitOptions) -> dict[str, Auc]:
    """Return the AUC of each attribute by itself, unknown values included.

    Notes
    -----
    Bins of any shape are allowed, because the leak may be that a value is known at all.
    """
    strengths: dict[str, Auc] = {}
    for name, column in design.columns.items():
        one = bin_attribute(
            name,
            column,
            outcome,
            kind=design.kinds[name],
            trend="none",
            special=options.special.get(name, ()),
            min_share=max(options.min_share, 10 / len(outcome)),
            smoothing=options.smoothing,
        )
        strengths[name] = roc_auc(outcome, _evidence(one, column))
    return strengths


def _evidence(one: Binning, column: Any) -> Floats:
    places, _, _ = place_values(column, one.attribute, strict=False)
    evidence: Floats = one.woe[places]
    return evidence


def refuse_leaks(
    strengths: Mapping[str, Auc], options: FitOptions, allow: Sequence[str] = ()
) -> None:
    """Raise an error for attributes that separate class A from the others almost perfectly.

    Raises
    ------
    InputError
        There are such attributes; the message names them.
    """
    leaks = [
        name
        for name, auc in strengths.items()
        if auc.value >= options.leak_auc and name not in allow
    ]
    if leaks:
        raise InputError(
            "{names} alone tells A from others almost perfectly (AUC {auc:.3f}): is it known only "
            "after the outcome? Leave it out, or allow it by name if a lead has it from the start",
            names=", ".join(leaks),
            auc=max(strengths[name].value for name in leaks),
        )


def suspects(
    strengths: Mapping[str, Auc],
    design: Design,
    outcome: Bools,
    options: FitOptions,
    known: Collection[str] = (),
) -> list[str]:
    """Return the strongest attribute if its AUC clearly exceeds that of all others together.

    Parameters
    ----------
    strengths
        Result of `alone`.
    design, outcome, options
        The leads of the fit, their outcomes, and the parameters of the fit.
    known
        Attributes that are exempt, such as those of the rules.

    Notes
    -----
    A leak need not be perfect, such as the length of the call that closed the sale. The result is
    therefore a warning for review, not an error.
    """
    if len(strengths) < 2:
        return []
    name = max(strengths, key=lambda one: strengths[one].value)
    if strengths[name].value < _STRONG or name in known:
        return []
    rest = design.only([other for other in design.columns if other != name])
    half = np.arange(len(outcome)) % 2 == 0
    log_odds = np.empty(len(outcome))
    for chosen in (half, ~half):
        fitted = fit_log_odds(
            rest.take(np.flatnonzero(chosen)), outcome[chosen], options, rules=None
        )
        log_odds[~chosen] = fitted.predict(rest.take(np.flatnonzero(~chosen)))
    return [name] if strengths[name].value > roc_auc(outcome, log_odds).value + _CLEAR else []
