"""HTTP transport over ``requests`` with rate limits, retries and redaction of secrets."""

from abcxyz.http.transport import (
    Answer,
    Bucket,
    NotSentError,
    OutcomeUnknownError,
    Redactor,
    TokenBucket,
    Transport,
)

__all__ = [
    "Answer",
    "Bucket",
    "NotSentError",
    "OutcomeUnknownError",
    "Redactor",
    "TokenBucket",
    "Transport",
]
