"""Segments on the cards of companies and contacts."""
