"""Requests of customers: where they wait, how they stand, what is said, and by when they are answered."""

from service.models.articles import Article, CannedReply, Category
from service.models.desk import Draft, Presence
from service.models.hours import BusinessHours
from service.models.incoming import IncomingMail
from service.models.measured import ACTIVE, DONE, Status
from service.models.messages import TicketMessage
from service.models.periods import Alert, StatusPeriod
from service.models.policies import CLOCKS, Priority, SLAPolicy
from service.models.queues import Agent, Queue
from service.models.surveys import SurveyAnswer, SurveyRequest
from service.models.tickets import Ticket, TicketQuerySet
from service.models.votes import ArticleVote

__all__ = [
    "ACTIVE",
    "CLOCKS",
    "DONE",
    "Agent",
    "Alert",
    "Article",
    "ArticleVote",
    "BusinessHours",
    "CannedReply",
    "Category",
    "Draft",
    "IncomingMail",
    "Presence",
    "Priority",
    "Queue",
    "SLAPolicy",
    "Status",
    "StatusPeriod",
    "SurveyAnswer",
    "SurveyRequest",
    "Ticket",
    "TicketMessage",
    "TicketQuerySet",
]
