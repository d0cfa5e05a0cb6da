"""The whole analysis: from sales to classes, changes, advice and alerts."""
