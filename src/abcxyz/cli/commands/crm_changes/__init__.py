"""Commands about changes of a CRM's figures: why, effect, anomalies."""
