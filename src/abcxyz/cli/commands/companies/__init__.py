"""Commands on public data of organisations."""
