"""Shapes of tables: where the heading stands, and how sales are arranged below it."""
