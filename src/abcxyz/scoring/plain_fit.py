"""Fit of a scorecard to all leads, without a report or a comparison with the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import numpy as np
from attrs import evolve

from abcxyz._arrays import Bools, Floats
from abcxyz.core.prospects.attributes import Attribute
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.scoring.fit import card_of
from abcxyz.scoring.model import Design, FitOptions, LogOdds, fit_log_odds
from abcxyz.scoring.sample import Sample

__all__ = ["scorecard_of"]


def scorecard_of(columns: Mapping[str, Floats], outcome: Bools, options: FitOptions) -> Scorecard:
    """Fit a scorecard to the outcomes of leads whose attributes are numbers.

    Parameters
    ----------
    columns
        Attribute -> (n,) numbers, NaN where unknown.
    outcome
        (n,) outcomes; both kinds occur.
    options
        Parameters of the fit.
    """
    design = Design.read(columns, dict.fromkeys(columns, "number"))
    model = fit_log_odds(design, outcome, options, None)
    if not model.scale()[1]:
        share = float(outcome.mean())
        nothing = [Attribute(name, "number", 0.0) for name in columns]
        level = math.log(share / (1 - share))
        return Scorecard(nothing, cuts=(100.0, 0.0), basis="fitted", calibration=(level, 0.0))
    sample = Sample(design, outcome, None, None, date.min)
    rules = evolve(DEFAULT, knockouts=())
    return card_of(model, sample, _out_of_fold(model, sample, options), options, rules)


def _out_of_fold(model: LogOdds, sample: Sample, options: FitOptions) -> Floats:
    """Return (n, repeats) log-odds of fits that did not see the lead; in-sample if too few."""
    from sklearn.model_selection import StratifiedKFold

    rarer = int(min(sample.outcome.sum(), (~sample.outcome).sum()))
    folds = min(options.folds, rarer)
    if folds < 2:
        return model.predict(sample.design)[:, None]
    predicted = np.empty((len(sample), options.repeats))
    for repeat in range(options.repeats):
        split = StratifiedKFold(folds, shuffle=True, random_state=options.seed + repeat)
        for fit_on, test in split.split(predicted, sample.outcome):
            part = fit_log_odds(sample.design.take(fit_on), sample.outcome[fit_on], options, None)
            predicted[test, repeat] = part.predict(sample.design.take(test))
    return predicted
