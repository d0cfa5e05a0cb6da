"""Bitrix24: sales in, segments out."""
