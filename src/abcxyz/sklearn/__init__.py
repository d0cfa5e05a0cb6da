"""Classes and scorecards as estimators of scikit-learn; needs the extra ``sklearn``."""

from abcxyz.sklearn.classes import AbcTransformer, SegmentTransformer, XyzTransformer
from abcxyz.sklearn.scorecard import ScorecardClassifier

__all__ = ["AbcTransformer", "ScorecardClassifier", "SegmentTransformer", "XyzTransformer"]
