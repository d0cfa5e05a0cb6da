"""1C:Enterprise adapter over OData: source of sales, enricher and sink of classes."""

from abcxyz.toolkit.catalogue import register

register(__name__)
