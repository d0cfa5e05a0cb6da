"""Changes of a CRM's figures: why, whether they are unusual, and the effect of a change."""
