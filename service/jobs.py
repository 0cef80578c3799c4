"""Background work on tickets."""

from __future__ import annotations

from django.conf import settings
from procrastinate.contrib.django import app

from crm.changes.context import acting
from service.actions import assign_waiting, close_resolved
from service.alerts import give_alerts
from service.reckoning import follow_policies, note_breaches
from service.surveys import ask_customers


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="mind_tickets", lock="mind_tickets")
def mind_tickets(timestamp: int) -> None:
    """Follow policies that changed, note what is late, tell whom it concerns, give out what waits, ask customers."""
    with acting(command="mind_tickets"):
        follow_policies()
        note_breaches()
        give_alerts()
        assign_waiting()
        ask_customers()


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="close_tickets", lock="close_tickets")
def close_tickets(timestamp: int) -> None:
    """Close tickets that stayed resolved for as long as their queues say."""
    with acting(command="close_tickets"):
        while close_resolved():
            pass


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="poll_mail", lock="poll_mail")
def poll_mail(timestamp: int) -> None:
    """Take the e-mail that waits in the mailbox, where there is one."""
    if settings.IMAP_URL:
        from service.mail.polling import poll

        with acting(command="poll_mail"):
            poll(settings.IMAP_URL)
