"""Sales out of accumulation registers and documents."""
