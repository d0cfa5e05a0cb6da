"""Read what commands work on: sales and leads."""
