"""Terminal output: results, progress and warnings."""
