"""Commands on leads: score them, fit a scorecard, describe one."""
