"""Scorecard as a classifier: fitted bins and weights, and grades of leads."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from abcxyz._arrays import Floats
from abcxyz.core.prospects.scores import ProspectScores, score_prospects
from abcxyz.scoring.model import FitOptions
from abcxyz.scoring.plain_fit import scorecard_of

__all__ = ["ScorecardClassifier"]


class ScorecardClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a scorecard of points to two classes, with probabilities.

    Parameters
    ----------
    options
        Parameters of the fit, see `FitOptions`; None for the defaults.

    Attributes
    ----------
    scorecard_ : Scorecard
        The fitted scorecard; ``scorecard_.explain()`` shows its points.
    classes_ : numpy.ndarray
        Both classes; the second is the one that the points speak for.
    n_features_in_ : int
        Number of attributes.

    Notes
    -----
    It makes what `abcxyz.scoring.fit_scorecard` makes on all leads: monotone bins, smoothed
    weights of evidence, a ridge logistic regression, and a sigmoid over out-of-fold scores.
    `fit_scorecard` also sets the latest leads aside, compares with the rules, looks for leaks and
    writes a report; use it for the scorecard of a sales department, and this class inside a
    ``Pipeline`` or a cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(7)
    >>> size = rng.normal(size=(400, 2))
    >>> won = size[:, 0] + rng.normal(size=400) > 0
    >>> model = ScorecardClassifier().fit(size, won)
    >>> bool(model.score(size, won) > 0.7)
    True
    """

    def __init__(self, options: FitOptions | None = None) -> None:
        self.options = options

    def __sklearn_tags__(self) -> Any:
        """Accept missing values, which are unknown, and two classes only."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit the scorecard.

        Parameters
        ----------
        X
            (n, attributes) numbers; NaN where unknown.
        y
            (n,) two classes.
        """
        array, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) != 2:
            kind = type_of_target(target, input_name="y")
            if len(self.classes_) > 2:
                raise ValueError(
                    f"Only binary classification is supported. The type of the target is {kind}."
                )
            raise ValueError("Classifier can't train when only one class is present.")
        self.scorecard_ = scorecard_of(
            self._table(array), codes == 1, self.options or FitOptions()
        )
        return self

    def _names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if names is None else list(names)

    def _table(self, array: Floats) -> dict[str, Floats]:
        return dict(zip(self._names(), array.T, strict=True))

    def scores(self, X: Any) -> ProspectScores:  # noqa: N803
        """Score leads: points, grades and reasons, see `ProspectScores`."""
        check_is_fitted(self)
        array = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return score_prospects(self._table(array), self.scorecard_, ids=range(len(array)))

    def decision_function(self, X: Any) -> Floats:  # noqa: N803
        """Return the log-odds of the second class."""
        scores = self.scores(X)
        intercept, slope = self.scorecard_.calibration or (0.0, 0.0)
        return intercept + slope * scores.score

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Return (n, 2) probabilities of both classes."""
        chance: Floats = 0.5 + 0.5 * np.tanh(self.decision_function(X) / 2)
        return np.column_stack([1 - chance, chance])

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the likelier class of each lead."""
        second = (self.decision_function(X) > 0).astype(np.int64)
        predicted: npt.NDArray[Any] = self.classes_[second]
        return predicted
