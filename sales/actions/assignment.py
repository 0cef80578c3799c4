"""Whose a lead becomes by the rules, and who hears of those that stay nobody's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.changes.context import acting
from crm.database.turns import take_turns
from crm.models import Task, User
from crm.refused import Refused
from crm.tasks.actions import add_task
from sales.models import AssignmentRule, Lead

if TYPE_CHECKING:
    from crm.models import Team

AT_ONCE: Final = 500


class NoRuleFits(Refused):
    """There is no rule for the lead, or none whose colleagues work here."""

    text = gettext_lazy("No assignment rule fits that has somebody who works here.")


def give_by_rules(*, lead: Lead) -> bool:
    """Set owner and team of a lead by the first rule that fits and has somebody; tell whether there is one.

    Must run in a transaction: whoever chooses in the same team waits until it ends, so that it sees this choice.
    """
    for rule in AssignmentRule.objects.in_use().select_related("team", "user"):
        if rule.fits(lead):
            chosen = _choose(rule)
            if chosen is not None:
                lead.owner, lead.team = chosen, rule.team or chosen.team
                return True
    return False


def _choose(rule: AssignmentRule) -> User | None:
    """Return whose turn it is by a rule; None where nobody is there."""
    if rule.team is None:
        return rule.user if rule.user is not None and rule.user.is_active else None
    take_turns("assign_leads", str(rule.team.pk))
    members = list(_members(rule.team))
    if not members:
        return None
    last = AssignmentRule.objects.values_list("last_user", flat=True).get(pk=rule.pk)
    if last is not None:  # those after the last one come first
        members.sort(key=lambda one: (one.pk <= last, one.pk))
    if rule.method == AssignmentRule.Method.LOAD:
        load = _load(members)
        members.sort(key=lambda one: load.get(one.pk, 0))
    AssignmentRule.objects.filter(pk=rule.pk).update(last_user=members[0])
    return members[0]


def _members(team: Team) -> list[User]:
    """Return the active members of a team, in an order that stays."""
    return list(User.objects.filter(team=team, is_active=True).order_by("pk"))


def _load(members: list[User]) -> dict[object, int]:
    """Return how many open leads each colleague has."""
    rows = Lead.objects.filter(owner__in=members, status__in=Lead.OPEN).order_by().values_list("owner")
    return dict(rows.annotate(count=Count("pk")))


def tell_managers() -> int:
    """Give the team's manager a task for each open lead that is nobody's for too long, once; return how many.

    A lead of no team is for the team of its customer. Where that has no manager who works here, it waits for one.
    """
    hours = settings.LEAD_UNASSIGNED_HOURS
    count = 0
    while hours and (told := _tell_some(timedelta(hours=hours))):
        count += told
    return count


@transaction.atomic
def _tell_some(patience: timedelta) -> int:
    """Give some of those tasks."""
    leads = Lead.objects.filter(owner__isnull=True, reminded_at__isnull=True, status__in=Lead.OPEN)
    has_manager = Q(team__manager__is_active=True) | Q(team__isnull=True, customer__team__manager__is_active=True)
    due = leads.filter(has_manager, created_at__lt=timezone.now() - patience).order_by("created_at")
    related = ("team__manager__team", "customer__team__manager__team")
    found = list(due.select_related(*related).select_for_update(of=("self",), skip_locked=True)[:AT_ONCE])
    with translation.override(settings.LANGUAGE_CODE), acting(command="tell_managers"):
        for lead in found:
            _tell_manager_of(lead)
        Lead.objects.filter(pk__in=[lead.pk for lead in found]).update(reminded_at=timezone.now())
    return len(found)


def _tell_manager_of(lead: Lead) -> None:
    """Give a manager the task to find somebody for a lead."""
    team = lead.team or lead.customer.team
    if team is None or team.manager is None:
        return
    title = (_("Find somebody for the lead %s") % lead)[:200]
    now = timezone.now()
    add_task(title=title, by=team.manager, about=lead, team=team, due_at=now, priority=Task.Priority.HIGH)
