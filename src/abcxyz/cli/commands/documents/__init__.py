"""Commands about the documents of results."""
