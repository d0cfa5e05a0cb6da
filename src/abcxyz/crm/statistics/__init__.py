"""Statistics of the CRM reports: proportions, survival, working time."""
