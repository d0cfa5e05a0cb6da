"""Questions about customers and deals: one typed function each, which returns an `Answer`."""

from abcxyz.questions.answer import ANSWER_SCHEMA, Answer, Choice, Remark
from abcxyz.questions.catalogue import QUESTIONS, Question, answer_question, available
from abcxyz.questions.data import QuestionData
from abcxyz.questions.problems import PROBLEM_SCHEMA, QuestionError

__all__ = [
    "ANSWER_SCHEMA",
    "PROBLEM_SCHEMA",
    "QUESTIONS",
    "Answer",
    "Choice",
    "Question",
    "QuestionData",
    "QuestionError",
    "Remark",
    "answer_question",
    "available",
]
