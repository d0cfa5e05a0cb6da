"""Advice: recommendations per segment, CRM facts and alerts."""
