"""Sales tables: read files, recognise columns, account for quality."""
