"""Print results, progress and warnings to the terminal."""
