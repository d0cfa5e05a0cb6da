"""Sections of the page: what each of them shows, as values of the template."""
