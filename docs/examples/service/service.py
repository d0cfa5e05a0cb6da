"""Segments of customers, and questions about customers and deals: uvicorn service:app."""

import datetime as dt
import functools
import os
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from abcxyz import Settings, Transactions, analyze
from abcxyz.errors import AbcxyzError, InputError
from abcxyz.questions import (
    ANSWER_SCHEMA,
    PROBLEM_SCHEMA,
    QuestionData,
    QuestionError,
    answer_question,
    available,
)
from abcxyz.tables.crm.read import read_crm
from abcxyz.tables.loaders import read_scorecard

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


@functools.cache
def question_data() -> QuestionData:
    """Read the history and the tables of the CRM that the environment names, once."""
    history, crm = os.environ.get("ABCXYZ_HISTORY"), os.environ.get("ABCXYZ_CRM")
    zone = os.environ.get("ABCXYZ_ZONE")
    return QuestionData(
        history=history,
        crm=None if crm is None else read_crm(crm, zone=zone).crm,
        # Leads are graded by this file, or else by the default scorecard.
        scorecard=read_scorecard(os.environ.get("ABCXYZ_SCORECARD")),
    )


Asked = Annotated[QuestionData, Depends(question_data)]


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": dict(schema)}}}


@app.get("/questions")
def questions(data: Asked, lang: str = "en") -> list[dict[str, Any]]:
    """List the questions that can be answered, each with the JSON Schema of its arguments."""
    return [{"name": one.name, "arguments": one.schema(lang)} for one in available(data)]


@app.post(
    "/questions/{name}",
    responses={
        200: {"description": "Answer", **_json(ANSWER_SCHEMA)},
        422: {"description": "What is wrong, and what to do", **_json(PROBLEM_SCHEMA)},
    },
)
def answer(
    name: str, data: Asked, arguments: Annotated[dict[str, Any] | None, Body()] = None
) -> JSONResponse:
    """Answer one question; the same answer as on the command line and for an assistant."""
    return JSONResponse(answer_question(name, data, arguments or {}).to_dict())


@app.exception_handler(QuestionError)
def explain(request: Request, problem: QuestionError) -> JSONResponse:
    """Return code, message and fix, in the language of the request."""
    lang = request.headers.get("accept-language", "en")[:2]
    status = 503 if problem.code == "unavailable" else 422
    return JSONResponse(problem.to_dict("ru" if lang == "ru" else "en"), status_code=status)


@app.exception_handler(AbcxyzError)
def unavailable(_: Request, problem: AbcxyzError) -> JSONResponse:
    """Say why the data cannot be read."""
    return JSONResponse({"detail": str(problem)}, status_code=503)


@app.exception_handler(InputError)
def refuse(_: Request, problem: InputError) -> JSONResponse:
    """Say what cannot be used, and what to do about it."""
    return JSONResponse({"detail": str(problem)}, status_code=422)
