"""What the refusals of verbs mean to people."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from service import actions

REFUSALS: Final[dict[type[Exception], Any]] = {
    actions.FileNotThere: _("A file that is to go along is not attached to the ticket."),
    actions.Overtaken: _("A colleague has replied meanwhile. Nothing was sent."),
    actions.IsMerged: _("The ticket was merged into another."),
    actions.IsClosed: _("The ticket is closed."),
    actions.IsTaken: _("A colleague has the ticket already."),
    actions.NoWayThere: _("A ticket that stands so cannot come to stand as asked."),
    actions.MayNotServe: _("This colleague may not see tickets."),
    actions.NotTheirs: _("The tickets are of different customers."),
    actions.SameTicket: _("A ticket is not merged into itself."),
    actions.NothingToSplit: _("Name some messages of this ticket, and leave others."),
}
