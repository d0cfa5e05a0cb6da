"""Files of a CRM: deals, stage changes, activities and more, of any export."""
