"""Reports over the records of a CRM."""
