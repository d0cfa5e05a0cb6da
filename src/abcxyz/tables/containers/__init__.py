"""Containers of tables: several files, folders, archives and compressed files."""
