"""Inputs of commands: sales and leads."""
