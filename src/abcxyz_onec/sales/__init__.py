"""Sales from accumulation registers and documents."""
