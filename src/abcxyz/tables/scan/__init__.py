"""Streaming scan of a table: cells coded by column, lines hashed, forms decided at the end."""
