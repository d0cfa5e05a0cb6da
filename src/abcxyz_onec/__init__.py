"""1C:Enterprise over OData: sales in, classes out."""

from abcxyz.toolkit.catalogue import register

register(__name__)
