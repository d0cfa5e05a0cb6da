"""Recommendations per segment, CRM facts and alerts."""
