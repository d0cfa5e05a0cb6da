"""Lead scoring: scorecards, lead attributes and scores."""
