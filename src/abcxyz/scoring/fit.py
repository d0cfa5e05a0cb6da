"""Fitting of scorecards to the outcomes of earlier leads, compared with the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import evolve

from abcxyz._arrays import ArrayLike, Bools, DayLike, Floats, as_day
from abcxyz.core.prospects.logit import shift_to_share
from abcxyz.core.prospects.metrics import roc_auc
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.errors import ConfigError, InputError
from abcxyz.scoring.evaluate import judge, plain, profile, stability
from abcxyz.scoring.leaks import alone, refuse_leaks, suspects
from abcxyz.scoring.model import FitOptions, LogOdds, fit_log_odds, sigmoid_fit
from abcxyz.scoring.sample import Sample, read_sample, read_truth, time_cut
from abcxyz.scoring.target import Outcomes

if TYPE_CHECKING:
    from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["FitOptions", "card_of", "fit_scorecard", "recalibrate"]

_USUAL = FitOptions()


def fit_scorecard(
    table: Any,
    outcome: Outcomes | Snapshot | ArrayLike,
    *,
    ids: Sequence[Any] | None = None,
    days: ArrayLike | None = None,
    revenue: ArrayLike | None = None,
    as_of: DayLike | None = None,
    rules: Scorecard = DEFAULT,
    attributes: Sequence[str] | None = None,
    allow: Sequence[str] = (),
    new_leads: Any = None,
    options: FitOptions = _USUAL,
) -> Scorecard:
    """Fit a scorecard to earlier leads whose outcome is known.

    Parameters
    ----------
    table
        Attributes of each lead as known *on the day it was a lead*, in any form that
        `score_prospects` accepts. The column ``lead`` or ``id`` (or *ids*) identifies the leads.
    outcome
        Outcomes: the result of `first_year_outcomes` (recommended), a snapshot (class A or not),
        or (n,) booleans in the order of the table, missing where unknown.
    ids
        (n,) identifiers of the leads, where the table has no such column.
    days
        (n,) date on which each was a lead; taken from `first_year_outcomes` where used. By
        default the rows must be in chronological order.
    revenue
        (n,) revenue from each lead; taken from the outcomes or the snapshot where used.
    as_of
        Date of the fit; by default that of the outcomes, or the latest of *days*.
    rules
        Scorecard to compare with, to blend with, and to return if the fit is not better.
    attributes
        Columns to use, all by default. Do not use attributes of natural persons.
    allow
        Attributes to use although they separate class A from the others almost perfectly.
    new_leads
        Current leads, whose distribution is compared with that of the leads of the fit.
    options
        Parameters of the fit.

    Returns
    -------
    Scorecard
        ``basis`` says whether it is fitted or the rules, ``report`` why.

    Raises
    ------
    InputError
        There is nothing to fit to, or an attribute looks as if it became known only after the
        outcome.
    ConfigError
        scikit-learn is not installed (the extra ``fit``).

    Notes
    -----
    1. Leads are sorted by date, and the latest share ``holdout`` of them is set aside.
    2. On the rest: monotone bins, smoothed weights of evidence, ridge logistic regression, a
       blend with the rules; all steps are repeated in every fold of a repeated cross-validation.
    3. The fit is used if its AUC there exceeds that of the rules by more than the standard error
       of the difference (corrected after Nadeau and Bengio, Machine Learning 52 (2003) 239-281).
    4. A sigmoid over the out-of-fold scores gives probabilities.
    5. The result is evaluated once on the leads set aside.
    """
    _need_sklearn()
    as_of = None if as_of is None else as_day(as_of, "as_of")
    sample, left_out = read_sample(
        table, outcome, ids, days, revenue, as_of, rules, attributes, options.kinds
    )
    report: dict[str, Any] = {
        "date": sample.as_of.isoformat(),
        "all": sample.counted(),
        "left_out": left_out,
        "options": _option_values(options),
        "allowed": list(allow),
    }
    a, others = report["all"]["a"], len(sample) - report["all"]["a"]
    if min(a, others) < options.least:
        return _only_rules(rules, report, "few", a=a, others=others, least=options.least)
    cut = time_cut(sample, options.holdout)
    train = sample.take(np.arange(cut))
    held = sample.take(np.arange(cut, len(sample)))
    report |= {"train": train.counted(), "holdout": held.counted()}
    a, others = report["train"]["a"], len(train) - report["train"]["a"]
    if min(a, others) < options.folds:
        return _only_rules(rules, report, "few_early", a=a, others=others, least=options.folds)
    strengths = alone(train.design, train.outcome, options)
    refuse_leaks(strengths, options, allow)
    log_odds, differences = _cross_validate(train, options, rules)
    report["cross_validation"] = differences
    known = {one.name for one in rules.attributes}
    report["suspects"] = suspects(strengths, train.design, train.outcome, options, known)
    model = fit_log_odds(train.design, train.outcome, options, rules)
    report["dropped"] = dict(model.dropped)
    if not differences["difference"] - differences["error"] > 0 or not model.scale()[1]:
        report["holdout"] |= judge(_scored(held, rules), held.outcome, held.revenue)
        return _only_rules(rules, report, "no_better")
    card = card_of(model, train, log_odds, options, rules)
    report["decision"] = {"kept": "blended", "reason": "better"}
    report["profile"] = profile(_scored(train, card))
    report["holdout"] |= judge(_scored(held, card), held.outcome, held.revenue)
    by_rules = judge(_scored(held, rules), held.outcome, held.revenue)
    report["holdout"]["rules_auc"] = by_rules.get("auc")
    report["stability"] = {"holdout": stability(report["profile"], _scored(held, card))}
    if new_leads is not None:
        fresh = score_prospects(new_leads, card, strict=False)
        report["stability"]["new_leads"] = stability(report["profile"], fresh)
    return evolve(card, report=report)


def recalibrate(card: Scorecard, table: Any, outcome: ArrayLike, *, as_of: DayLike) -> Scorecard:
    """Recalibrate the probabilities of a fitted scorecard to newer leads; grades do not change.

    Parameters
    ----------
    card
        Fitted scorecard.
    table
        Leads whose outcome has become known since the fit.
    outcome
        (n,) booleans: whether the lead reached class A.
    as_of
        Date of the recalibration, for the report.

    Raises
    ------
    ConfigError
        The scorecard has no probabilities.
    InputError
        The number of outcomes is not that of the leads, or there are no leads.

    Notes
    -----
    Only the intercept changes, not the slope: few leads do not suffice to estimate a slope.
    """
    if card.calibration is None:
        raise ConfigError("the scorecard gives no probabilities; fit it first")
    scores = score_prospects(table, card)
    truth = read_truth(outcome)
    if len(truth) != len(scores) or not len(truth):
        raise InputError(
            "there {outcomes:is|are} {outcomes} {outcomes:outcome|outcomes} and {scores} "
            "{scores:score|scores}; pass one of each per lead",
            outcomes=len(truth),
            scores=len(scores),
        )
    intercept, slope = card.calibration
    usual = ~np.isnan(truth) & (scores.knockout < 0)
    if not usual.any():
        raise InputError("no lead has an outcome; check that ids of leads and customers agree")
    shift = _level(intercept + slope * scores.score[usual], truth[usual] > 0)
    again = {"date": as_day(as_of, "as_of").isoformat(), "n": int(usual.sum()), "shift": shift}
    return evolve(
        card,
        calibration=(intercept + shift, slope),
        report={**card.report, "recalibrated": again},
    )


def _level(log_odds: Floats, outcome: Bools) -> float:
    """Return the shift of the log-odds after which the mean probability is the observed share."""
    # Half a lead of each kind makes the shift finite where all outcomes are the same.
    return shift_to_share(log_odds, (outcome.sum() + 0.5) / (len(outcome) + 1))


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as problem:
        raise ConfigError(
            "fitting needs scikit-learn; install it, or this library with its extra fit"
        ) from problem


def _cross_validate(
    train: Sample, options: FitOptions, rules: Scorecard
) -> tuple[Floats, dict[str, Any]]:
    """Return (n, repeats) out-of-fold log-odds, and their gain in AUC over the rules."""
    from sklearn.model_selection import StratifiedKFold

    n = len(train)
    predicted = np.empty((n, options.repeats))
    by_rules = _scored(train, rules).score
    gains: list[float] = []
    ours: list[float] = []
    for repeat in range(options.repeats):
        folds = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed + repeat)
        for fit_on, test in folds.split(np.zeros(n), train.outcome):
            model = fit_log_odds(train.design.take(fit_on), train.outcome[fit_on], options, rules)
            predicted[test, repeat] = model.predict(train.design.take(test))
            auc = roc_auc(train.outcome[test], predicted[test, repeat]).value
            ours.append(auc)
            gains.append(auc - roc_auc(train.outcome[test], by_rules[test]).value)
    k = len(gains)
    error = math.sqrt(np.var(gains, ddof=1) * (1 / k + 1 / (options.folds - 1)))
    return predicted, {
        "folds": options.folds,
        "repeats": options.repeats,
        "auc": float(np.mean(ours)),
        "rules_auc": float(np.mean(ours) - np.mean(gains)),
        "difference": float(np.mean(gains)),
        "error": error,
    }


def card_of(
    model: LogOdds, train: Sample, log_odds: Floats, options: FitOptions, rules: Scorecard
) -> Scorecard:
    """Return the scorecard of a fitted model.

    Parameters
    ----------
    model
        The model, fitted to all leads of *train*.
    train
        The leads of the fit.
    log_odds
        (n, repeats) out-of-fold log-odds of these leads, for the calibration.
    options
        Parameters of the fit.
    rules
        Source of labels, knock-outs, verdicts and the least coverage.
    """
    repeats = log_odds.shape[1]
    base, slope = sigmoid_fit(np.tile(train.outcome, repeats), log_odds.T.ravel())
    if options.recent is not None:
        late = slice(len(train) - max(1, round(options.recent * len(train))), None)
        flat = base + slope * log_odds[late].T.ravel()
        base += _level(flat, np.tile(train.outcome[late], repeats))
    lowest, worth = model.scale()
    labels = {one.name: one.labels for one in rules.attributes}
    labels |= options.labels
    card = Scorecard(
        model.attributes(train.design, labels),
        knockouts=rules.knockouts,
        cuts=(100.0, 0.0),
        least_coverage=rules.least_coverage,
        basis="fitted",
        calibration=(base + slope * lowest, slope * worth),
        verdicts=rules.verdicts,
    )
    score = _scored(train, card).score
    first, both = options.grade_shares
    cuts = np.quantile(score, [1 - first, 1 - both], method="higher")
    return evolve(card, cuts=(float(cuts[0]), float(cuts[1])))


def _scored(sample: Sample, card: Scorecard) -> Any:
    return score_prospects(sample.design.columns, card, strict=False)


def _only_rules(
    rules: Scorecard, report: Mapping[str, Any], reason: str, **fields: int
) -> Scorecard:
    decision = {"kept": "rules", "reason": reason, **fields}
    # The rules may be an earlier fit, which has been fitted to the same leads.
    before = {"profile": rules.report["profile"]} if "profile" in rules.report else {}
    return evolve(rules, report={**report, **before, "decision": decision})


def _option_values(options: FitOptions) -> dict[str, Any]:
    options_by_name = attrs.asdict(options, recurse=False)
    return {
        name: plain(
            {key: list(v) if isinstance(v, tuple) else v for key, v in value.items()}
            if isinstance(value, Mapping)
            else list(value)
            if isinstance(value, tuple)
            else value
        )
        for name, value in options_by_name.items()
    }
