"""OData client of 1C: queries, metadata, pagination, answers, errors."""
