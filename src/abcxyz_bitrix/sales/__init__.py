"""Sales out of won deals, invoices and payments."""
