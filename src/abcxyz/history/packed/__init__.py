"""Columns of snapshots as compressed arrays, each content stored once."""
