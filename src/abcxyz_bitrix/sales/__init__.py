"""Sales from won deals, invoices and payments."""
