"""Forecasts of the sales of coming periods, with a range measured on past ones."""
