"""Plain records and summaries of an analysis for export."""
