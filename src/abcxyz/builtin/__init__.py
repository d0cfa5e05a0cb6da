"""Built-in sources and sinks: files, databases, webhooks."""
