"""Answers to the questions, one function each."""
