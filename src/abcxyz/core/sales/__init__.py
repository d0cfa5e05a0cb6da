"""Sales data: transactions, periods, the panel of customers by periods, data quality."""
