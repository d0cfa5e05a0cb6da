"""OData client: queries, metadata, paging, answers."""
