"""1C:Enterprise over OData: sales in, classes out."""

from abcxyz_onec import words

__all__ = ["words"]
