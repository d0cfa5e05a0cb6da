"""1C:Enterprise over OData: sales in, classes out."""
