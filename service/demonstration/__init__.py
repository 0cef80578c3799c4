"""A support team for demonstration: queues, what they promise, and tickets of the last weeks in all states."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crm.models import User
from customers.models import Customer
from service.actions import states
from service.models import (
    Agent,
    Article,
    ArticleVote,
    BusinessHours,
    CannedReply,
    Category,
    Queue,
    SLAPolicy,
    Status,
    SurveyAnswer,
    Ticket,
    TicketMessage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import Model

    from crm.demonstration import Setting

TICKETS: Final = 40
WEEKS: Final = 4
ENDS: Final = ["new", "new", "open", "open", "open", "pending", "pending", "on_hold", "resolved", "resolved", "closed"]
SPEED: Final = [(0.1, 0.6), (0.3, 2.5), (1, 30)]  # hours until the next step: quick, usual, slow
JUDGED: Final = 0.6
HELPFUL: Final = 0.8


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save what a support team works with, and tickets with their threads."""
    texts = tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))
    team = setting.teams["Service"]
    shared: dict[str, Any] = {"team": team, "owner": setting.colleagues["Service"][0]}
    hours = [BusinessHours(**values, **shared) for values in texts["hours"]]
    policies = [SLAPolicy(**values, hours=hours[0], **shared) for values in texts["policies"]]
    queues = [Queue(**values, policy=policies[place % 2], **shared) for place, values in enumerate(texts["queues"])]
    people = [*setting.colleagues["Service"], *User.objects.filter(username="admin")]
    agents = [Agent(user=one, skills=["printers", "billing"], **shared) for one in people]
    ready = [CannedReply(**values, **shared) for values in texts["canned"]]
    shelves = [Category(**values, position=place, **shared) for place, values in enumerate(texts["categories"])]
    articles = [Article(category=shelves[one.pop("shelf")], **one, **shared) for one in texts["articles"]]
    kinds: list[list[Any]] = [hours, policies, queues, agents, ready, shelves, articles]
    for rows in kinds:
        yield saved(rows)
    customers = list(Customer.objects.filter(kind="person").exclude(email="").order_by("email")[:60])
    tickets, messages = [], []
    for _number in range(TICKETS):
        ticket, said = conversation(setting, texts["conversations"], customers, queues, people)
        tickets.append(ticket)
        messages += said
    yield tickets
    yield messages
    yield saved(list(answers(setting, tickets)))
    yield saved(list(votes(setting, articles)))


def saved[R: Model](rows: list[R]) -> list[R]:
    """Save rows, each as if it had been typed."""
    for row in rows:
        row.clean()
        row.save(force_insert=True)
    return rows


def conversation(
    setting: Setting, texts: list[dict[str, Any]], customers: list[Customer], queues: list[Queue], people: list[User]
) -> tuple[Ticket, list[TicketMessage]]:
    """Return a ticket that came in the last weeks, and went step by step to how it stands, with what was said."""
    random, text = setting.random, setting.random.choice(texts)
    end = random.choice(ENDS)
    oldest = 2 if end == Status.NEW else WEEKS * 7
    moment = setting.now - timedelta(hours=random.uniform(0.2, oldest * 24))
    ticket = Ticket(customer=random.choice(customers), queue=queues[text["queue"]], subject=text["subject"])
    ticket.type, ticket.channel = text["type"], random.choice(["email", "email", "phone", "web"])
    ticket.priority = random.choice(["low", "normal", "normal", "normal", "high", "urgent"])
    ticket.owner, ticket.team = random.choice(people), queues[0].team
    ticket.opened_at = ticket.status_since = ticket.created_at = moment
    ticket.save(force_insert=True)
    said = [message(ticket, "customer", text["asks"], moment)]
    for step in steps(end):
        moment += timedelta(hours=random.uniform(*random.choice(SPEED)))
        if moment >= setting.now:
            break
        said += stepped(ticket, step, text, moment)
    return ticket, said


def steps(end: str) -> list[str]:
    """Return the states that lead to one."""
    return {"new": [], "open": ["open"], "closed": ["open", "resolved", "closed"]}.get(end, ["open", end])


def stepped(ticket: Ticket, step: str, text: dict[str, Any], moment: datetime) -> list[TicketMessage]:
    """Let a ticket come to stand otherwise, with the reply or the note that goes with it; return what was said."""
    ticket.assignee = ticket.assignee or ticket.owner
    states.move(ticket=ticket, to=step, moment=moment)
    kind, words = {
        "open": ("reply", text["reply"]),
        "pending": ("reply", text["question"]),
        "on_hold": ("note", text["note"]),
        "resolved": ("reply", text["solution"]),
    }.get(step, ("", ""))
    if kind == "reply":
        ticket.first_replied_at = ticket.first_replied_at or moment
    ticket.save()
    return [message(ticket, kind, words, moment)] if kind else []


def message(ticket: Ticket, kind: str, body: str, moment: datetime) -> TicketMessage:
    """Save a message."""
    author = ticket.assignee if kind != "customer" else None
    made = TicketMessage(ticket=ticket, kind=kind, body=body.strip(), author=author, written_at=moment)
    made.owner, made.team, made.created_at = author or ticket.owner, ticket.team, moment
    made.from_address = ticket.customer.email if kind == "customer" else ""
    made.save(force_insert=True)
    return made


def votes(setting: Setting, articles: Sequence[Article]) -> Iterator[ArticleVote]:
    """Yield what readers said of what is published; most of it helped most of them."""
    for article in articles:
        readers = setting.random.randrange(5, 40) if article.is_public else 0
        for _reader in range(readers):
            visitor = UUID(int=setting.random.getrandbits(128), version=4)
            moment = setting.now - timedelta(hours=setting.random.uniform(0.2, WEEKS * 7 * 24))
            is_helpful = setting.random.random() < HELPFUL
            yield ArticleVote(article=article, visitor=visitor, is_helpful=is_helpful, voted_at=moment)


def answers(setting: Setting, tickets: Sequence[Ticket]) -> Iterator[SurveyAnswer]:
    """Yield how customers judged some of what was resolved."""
    for ticket in tickets:
        if ticket.resolved_at is not None and setting.random.random() < JUDGED:
            score = setting.random.choice([2, 3, 4, 4, 5, 5, 5])
            known: dict[str, Any] = {"resolution": ticket.resolution, "owner": ticket.owner, "team": ticket.team}
            yield SurveyAnswer(ticket=ticket, score=score, **known)
