"""Sections of the page, as values of the template."""
