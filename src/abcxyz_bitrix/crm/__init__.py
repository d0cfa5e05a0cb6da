"""CRM objects: entities, customers, stages, staff, currencies."""
