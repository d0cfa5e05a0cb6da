"""Public data on organisations: size, industry, region and turnover by INN."""
