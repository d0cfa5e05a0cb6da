"""Sales tables: reading of files, recognition of columns, data quality account."""
