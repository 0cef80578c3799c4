"""Background work on leads."""

from __future__ import annotations

from procrastinate.contrib.django import app

from sales import actions


@app.task(name="sales.rescore_leads", lock="rescore_leads")
def rescore_leads() -> None:
    """Score all open leads anew."""
    actions.rescore_all()


@app.periodic(cron="11 3 * * *")
@app.task(queueing_lock="rescore_daily", lock="rescore_leads")
def rescore_daily(timestamp: int) -> None:
    """Score all open leads anew, for interactions grow old."""
    actions.rescore_all()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="rescore_recent", lock="rescore_leads")
def rescore_recent(timestamp: int) -> None:
    """Score the leads anew whose customers changed of late."""
    actions.rescore_recent()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="tell_managers")
def tell_managers(timestamp: int) -> None:
    """Tell managers of leads that are nobody's for too long; also of those while the worker was down."""
    actions.tell_managers()


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="forget_receipts")
def forget_receipts(timestamp: int) -> None:
    """Delete receipts of forms that no longer count."""
    actions.forget_receipts()
