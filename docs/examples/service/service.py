"""Segments of customers over HTTP: uvicorn service:app."""

import datetime as dt
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from abcxyz import Settings, Transactions, analyze
from abcxyz.errors import InputError

app = FastAPI(title="Customer segments")


class Sale(BaseModel):
    customer: str
    day: dt.date
    amount: float


class Question(BaseModel):
    sales: Annotated[list[Sale], Field(min_length=1, max_length=1_000_000)]
    as_of: dt.date
    period: str = "12M"


class Customer(BaseModel):
    customer: str
    segment: str = Field(description="AX to CZ; empty without sales in the window")
    value: float | None
    cv: float | None
    action: str


class Answer(BaseModel):
    since: dt.date
    until: dt.date
    customers: list[Customer]


# A plain function: the server runs it in a thread, so that other requests are answered meanwhile.
@app.post("/segments")
def segments(question: Question, lang: str = "en") -> Answer:
    sales = Transactions(
        [one.customer for one in question.sales],
        [one.day for one in question.sales],
        [one.amount for one in question.sales],
    )
    analysis = analyze(sales, as_of=question.as_of, settings=Settings(period=question.period))
    frame = analysis.to_frame(lang).astype(object)
    frame = frame.where(frame.notna(), None)
    window = analysis.snapshot.periods.window
    columns = ["customer", "segment", "value", "cv", "action"]
    return Answer(
        since=window.since,
        until=window.until,
        customers=[Customer(**row) for row in frame[columns].to_dict("records")],
    )


@app.exception_handler(InputError)
def refuse(_: Request, problem: InputError) -> JSONResponse:
    """Say what cannot be used, and what to do about it."""
    return JSONResponse({"detail": str(problem)}, status_code=422)
