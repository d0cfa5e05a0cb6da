"""Fit a scorecard to what became of earlier leads, and say honestly whether it is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import evolve

from abcxyz._arrays import ArrayLike, Bools, Floats
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.errors import ConfigError, InputError
from abcxyz.scoring.evaluate import judge, plain, profile, stability
from abcxyz.scoring.leaks import alone, refuse_leaks, suspects
from abcxyz.scoring.metrics import roc_auc
from abcxyz.scoring.model import FitOptions, LogOdds, fit_log_odds, sigmoid, sigmoid_fit
from abcxyz.scoring.sample import Sample, read_sample, read_truth, time_cut
from abcxyz.scoring.target import Outcomes

if TYPE_CHECKING:
    from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["FitOptions", "fit_scorecard", "recalibrate"]

_USUAL = FitOptions()


def fit_scorecard(
    table: Any,
    outcome: Outcomes | Snapshot | ArrayLike,
    *,
    ids: Sequence[Any] | None = None,
    days: ArrayLike | None = None,
    revenue: ArrayLike | None = None,
    as_of: date | None = None,
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
        What was known about each lead *on the day it was one*: anything `score_prospects` takes.
        The column ``lead`` or ``id`` (or *ids*) names the leads.
    outcome
        What became of them: `first_year_outcomes` (recommended), a snapshot (class A or not), or
        (n,) booleans in the order of the table, missing where unknown.
    ids
        Of the leads, where the table has no such column.
    days
        (n,) when each was a lead; known already with `first_year_outcomes`. Where not given, the
        rows are taken to be in the order of time.
    revenue
        (n,) money that came of each; known already with outcomes and snapshots.
    as_of
        Date of the fit; that of the outcomes, or the latest of *days*, when not given.
    rules
        What to beat, to blend with, and to fall back on.
    attributes
        Columns to look at, all when not given. No attribute of a natural person belongs here.
    allow
        Attributes to keep although they separate A from others almost perfectly.
    new_leads
        Leads of today, to compare with those fitted on.
    options
        How to fit.

    Returns
    -------
    Scorecard
        Its ``basis`` says whether it is fitted or still the rules, its ``report`` why.

    Raises
    ------
    InputError
        Nothing to fit on, or an attribute that looks as if it were known only afterwards.
    ConfigError
        scikit-learn is not installed (the extra ``fit``).

    Notes
    -----
    1. Leads are put in the order of time and the latest ``holdout`` of them set aside.
    2. On the rest: monotone bins, smoothed weights of evidence, ridge logistic regression, a
       blend with the rules; all of it again in every fold of a repeated cross-validation.
    3. Kept if it beats the rules there by more than the standard error of the difference (with
       the correction of Nadeau and Bengio, Machine Learning 52 (2003) 239-281).
    4. A sigmoid over the out-of-fold scores gives probabilities.
    5. The leads set aside judge the result, once.
    """
    _need_sklearn()
    sample, left_out = read_sample(
        table, outcome, ids, days, revenue, as_of, rules, attributes, options.kinds
    )
    report: dict[str, Any] = {
        "date": sample.as_of.isoformat(),
        "all": sample.counted(),
        "left_out": left_out,
        "options": _told(options),
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
    card = _card(model, train, log_odds, options, rules)
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


def recalibrate(card: Scorecard, table: Any, outcome: ArrayLike, *, as_of: date) -> Scorecard:
    """Set the probabilities of a fitted scorecard right on newer leads; grades stay.

    Parameters
    ----------
    card
        A fitted one.
    table
        Leads whose outcome has become known since.
    outcome
        (n,) booleans.
    as_of
        Date, for the report.

    Raises
    ------
    ConfigError
        The scorecard gives no probabilities.
    InputError
        Not one outcome per lead, or no lead at all.

    Notes
    -----
    Only the level moves, not the slope: few leads tell how often, but not how steeply.
    """
    if card.calibration is None:
        raise ConfigError("the scorecard gives no probabilities; fit it first")
    scores = score_prospects(table, card)
    truth = read_truth(outcome)
    if len(truth) != len(scores) or not len(truth):
        raise InputError(
            "there are {outcomes} outcomes and {scores} scores; pass one of each per lead",
            outcomes=len(truth),
            scores=len(scores),
        )
    intercept, slope = card.calibration
    usual = ~np.isnan(truth) & (scores.knockout < 0)
    if not usual.any():
        raise InputError("no lead has an outcome; check that ids of leads and customers agree")
    shift = _level(intercept + slope * scores.score[usual], truth[usual] > 0)
    again = {"date": as_of.isoformat(), "n": int(usual.sum()), "shift": shift}
    return evolve(
        card,
        calibration=(intercept + shift, slope),
        report={**card.report, "recalibrated": again},
    )


def _level(log_odds: Floats, outcome: Bools) -> float:
    """Return what to add to the log-odds so that on average they say what came true."""
    # Half a lead of each kind keeps it finite where all outcomes are the same.
    wanted = (outcome.sum() + 0.5) / (len(outcome) + 1)
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < wanted else (low, middle)
    return (low + high) / 2


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
    """Return (n, repeats) out-of-fold log-odds, and how much better they rank than the rules."""
    from sklearn.model_selection import StratifiedKFold

    n = len(train)
    found = np.empty((n, options.repeats))
    by_rules = _scored(train, rules).score
    gains: list[float] = []
    ours: list[float] = []
    for repeat in range(options.repeats):
        folds = StratifiedKFold(options.folds, shuffle=True, random_state=options.seed + repeat)
        for fit_on, test in folds.split(np.zeros(n), train.outcome):
            model = fit_log_odds(train.design.take(fit_on), train.outcome[fit_on], options, rules)
            found[test, repeat] = model.predict(train.design.take(test))
            auc = roc_auc(train.outcome[test], found[test, repeat]).value
            ours.append(auc)
            gains.append(auc - roc_auc(train.outcome[test], by_rules[test]).value)
    k = len(gains)
    error = math.sqrt(np.var(gains, ddof=1) * (1 / k + 1 / (options.folds - 1)))
    return found, {
        "folds": options.folds,
        "repeats": options.repeats,
        "auc": float(np.mean(ours)),
        "rules_auc": float(np.mean(ours) - np.mean(gains)),
        "difference": float(np.mean(gains)),
        "error": error,
    }


def _card(
    model: LogOdds, train: Sample, log_odds: Floats, options: FitOptions, rules: Scorecard
) -> Scorecard:
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
    # What is to be beaten may itself be an earlier fit, which knows its own leads.
    before = {"profile": rules.report["profile"]} if "profile" in rules.report else {}
    return evolve(rules, report={**report, **before, "decision": decision})


def _told(options: FitOptions) -> dict[str, Any]:
    found = attrs.asdict(options, recurse=False)
    return {
        name: plain(
            {key: list(v) if isinstance(v, tuple) else v for key, v in value.items()}
            if isinstance(value, Mapping)
            else list(value)
            if isinstance(value, tuple)
            else value
        )
        for name, value in found.items()
    }
