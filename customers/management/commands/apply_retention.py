"""`manage.py apply_retention`: erase or deactivate customers as the rules of retention say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm.changes.context import acting
from crm.sync.commands import BUSY, REFUSED, usage
from crm.sync.runs import AlreadyRunning, only_one
from customers import retention
from customers.models import RetentionRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Say which customers the rules of retention are about; with --apply, erase or deactivate them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help=_("Do it. Without, nothing is changed."))
        parser.add_argument("--rule", default="", metavar="NAME", help=_("Only this rule."))
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object a line."))

    def handle(self, **options: Any) -> None:
        rules = RetentionRule.objects.in_use()
        if options["rule"]:
            known = rules if options["apply"] else RetentionRule.objects.all()  # look before it counts
            rules = known.filter(name=options["rule"])
            if not rules.exists():
                raise usage(_("There is no active rule %s.") % options["rule"])
        try:
            with only_one(retention.NAME), acting(command=retention.NAME):
                outcomes = [
                    retention.apply_rule(rule) if options["apply"] else retention.preview(rule) for rule in rules
                ]
        except AlreadyRunning as error:
            raise CommandError(_("The rules are being applied by another process."), returncode=BUSY) from error
        self.report(outcomes, is_json=options["json"], is_done=options["apply"])
        if refused := sum(one.refused for one in outcomes):
            raise CommandError(_("%d customers could not be erased.") % refused, returncode=REFUSED)

    def report(self, outcomes: Iterable[retention.Outcome], *, is_json: bool, is_done: bool) -> None:
        """Print what was done, or what would be."""
        if is_json:
            for one in outcomes:
                numbers = {"due": one.due, "done": one.done, "refused": one.refused, "applied": is_done}
                self.stdout.write(json.dumps({"rule": one.rule.name, "verb": one.rule.verb, **numbers}))
            return
        line = "{:<40} {:<12} {:>9} {:>9} {:>9}"
        self.stdout.write(line.format(_("rule"), _("what is done"), _("due"), _("done"), _("refused")))
        for one in outcomes:
            name, verb = one.rule.name[:40], str(one.rule.get_verb_display())
            self.stdout.write(line.format(name, verb, one.due, one.done, one.refused))
        if not is_done:
            self.stdout.write(_("Nothing was changed. Add --apply to do it."))
