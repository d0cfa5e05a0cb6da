"""Analysis pipeline: from sales to classes, changes, actions and alerts."""
