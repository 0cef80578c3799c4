"""What the ERP commands have in common: their arguments and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from crm.models import SyncRun, Team, User
from crm.sync import sources
from crm.sync.engine import Run
from crm.sync.mapping import MappingRefused, find
from crm.sync.report import Report
from crm.sync.runs import AlreadyRunning, only_one

if TYPE_CHECKING:
    from django.core.management.base import BaseCommand, CommandParser

    from crm.sync.engine import Options
    from crm.sync.mapping import ErpMapping, ResourceMapping

FAILED: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
BUSY: Final = 75  # EX_TEMPFAIL of sysexits.h


def add_source(parser: CommandParser) -> None:
    """Take the arguments that say which rows, on whose behalf, and how to report."""
    parser.add_argument("source", metavar="SOURCE", help=_("Name or path of a mapping, or a connector such as files."))
    parser.add_argument("--mapping", default="", metavar="FILE", help=_("The mapping file to use."))
    parser.add_argument("--resource", default="", help=_("Only this resource of the mapping."))
    parser.add_argument("--as", dest="by", default="", metavar="USER", help=_("Service account that the run acts as."))
    parser.add_argument("--batch", type=int, default=1000, help=_("Rows a transaction (1000)."))
    parser.add_argument("--json", action="store_true", help=_("Print one JSON object a line."))


def usage(text: str) -> CommandError:
    """Return the error of a command that was called wrongly."""
    return CommandError(text, returncode=USAGE)


def mapping_of(options: dict[str, Any]) -> tuple[ErpMapping, list[ResourceMapping]]:
    """Return the mapping that the arguments name, and the resources asked for."""
    try:
        mapping = find(options["source"], options["mapping"])
    except MappingRefused as error:
        raise usage(str(error)) from error
    if mapping.connector not in sources.connectors():
        text = _("%(name)s is not a connector; known: %(known)s.")
        raise usage(text % {"name": mapping.connector, "known": ", ".join(sources.connectors())})
    if mapping.team and not Team.objects.filter(name=mapping.team).exists():
        raise usage(_("There is no team %s.") % mapping.team)
    wanted = options["resource"]
    if wanted and wanted not in mapping.resources:
        text = _("%(name)s has no resource %(resource)s; known: %(known)s.")
        raise usage(text % {"name": mapping.name, "resource": wanted, "known": ", ".join(mapping.resources)})
    if options["batch"] < 1:
        raise usage(_("A batch has at least one row."))
    return mapping, [one for one in mapping.resources.values() if wanted in {"", one.name}]


def user_of(options: dict[str, Any]) -> User | None:
    """Return the service account that the arguments name."""
    if not options["by"]:
        return None
    user = User.objects.filter(username=options["by"], is_active=True).first()
    if user is None:
        raise usage(_("There is no active user %s.") % options["by"])
    return user


def run_all(command: BaseCommand, arguments: dict[str, Any], options: Options, *, is_retry: bool = False) -> None:
    """Pull or retry every resource asked for, print the summaries, and raise the exit code where it is not 0."""
    mapping, resources = mapping_of(arguments)
    by = user_of(arguments)
    runs: list[Run] = []
    try:
        with only_one(mapping.name):
            for resource in resources:
                report = Report(
                    command.stdout, command.stderr, is_json=arguments["json"], is_preview=options.is_preview,
                    system=mapping.system,
                )  # fmt: skip
                run = Run(mapping=mapping, resource=resource, options=options, listener=report, by=by)
                runs.append(run)
                report.summary(run.retry() if is_retry else run.pull(), run.log.whole())
            for run in runs:
                run.log.told()
    except AlreadyRunning as error:
        raise CommandError(_("%s is being synchronised by another process.") % mapping.name, returncode=BUSY) from error
    except MappingRefused as error:
        raise usage(str(error)) from error
    ended = [run.log.run for run in runs]
    if any(run.status == SyncRun.Status.FAILED for run in ended):
        raise CommandError(
            _("The run failed: %s") % "; ".join(run.error for run in ended if run.error), returncode=FAILED
        )
    refused = sum(run.log.whole()["refused"] for run in runs)
    if refused:
        text = _("%d rows were refused; erp_status and the admin show why, erp_retry tries them again.")
        raise CommandError(text % refused, returncode=REFUSED)
