"""Commands that answer questions: in words, and for assistants."""
