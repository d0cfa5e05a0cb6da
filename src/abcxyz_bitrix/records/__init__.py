"""Records of a portal for CRM reports: deals, histories, leads, activities, calls."""
