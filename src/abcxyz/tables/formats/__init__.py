"""Formats of tables: workbooks and JSON lines."""
