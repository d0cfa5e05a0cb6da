"""Service DaData: attributes of organisations by INN, or by name and city."""
