"""A customer at a glance: who they are, what is to be done, what happened, and what every application adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from crm.admin.home import Panel
from crm.admin.site import staff
from crm.admin.tags import colors_of, labels
from crm.admin.tasks import WithTasks, open_tasks
from crm.admin.timeline import WithTimeline, days
from crm.models import Attachment, Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from crm.models import Record, User

HAPPENED = 15
FILES = 5

PartMaker = Callable[[Any, "User"], "Iterable[Panel]"]
PARTS: list[tuple[int, PartMaker]] = []


def add_parts(order: int) -> Callable[[PartMaker], PartMaker]:
    """Show at a glance what the decorated function returns for a customer and a user, if they may see it.

    Parts stand by their order: facts at 10, tasks at 20, then what else there is, the timeline last.
    """

    def keep(maker: PartMaker) -> PartMaker:
        PARTS.append((order, maker))
        PARTS.sort(key=lambda pair: pair[0])
        return maker

    return keep


class WithOverview(WithTimeline, WithTasks):
    """The page of a customer at a glance, to which lists lead."""

    @action(
        description=gettext_lazy("Overview"),
        url_path="overview",
        icon="dashboard",
        extra_options={"display_in_dropdown": False},
    )
    def overview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the customer at a glance."""
        own: Any = self
        customer = own.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404
        user = staff(request)
        context = {
            **own.admin_site.each_context(request),
            "opts": own.opts,
            "title": str(customer),
            "original": customer,
            "tags": labels(customer.tags, colors_of(customer.tags)),
            "links": list(self.links(request, customer)),
            "panels": [panel for _order, maker in PARTS for panel in maker(customer, user)],
            "days": list(days(self.entries(request, customer, "", "")[:HAPPENED], user)),
            "timeline": reverse(f"admin:{own.opts.app_label}_{own.opts.model_name}_timeline", args=(customer.pk,)),
        }
        return TemplateResponse(request, "admin/overview/overview.html", context)

    def links(self, request: HttpRequest, customer: Record) -> Iterable[dict[str, Any]]:
        """Yield what can be done with the customer: change it, then the other pages that it has."""
        own: Any = self
        options = own.opts
        page = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(customer.pk,))
        yield {"title": _("Details"), "icon": "edit", "link": page}
        for one in own.get_actions_detail(request, str(customer.pk)):
            if not one.action_name.endswith("_overview"):
                link = reverse(f"admin:{one.action_name}", args=(customer.pk,))
                yield {"title": one.description, "icon": one.icon, "link": link}


@add_parts(20)
def tasks_of(customer: Record, user: User) -> Iterable[Panel]:
    """Return what is to be done, the next first."""
    if user.view_level(Task) is not None:
        back = reverse(f"admin:{customer._meta.app_label}_{customer._meta.model_name}_overview", args=(customer.pk,))
        may_change = user.has_perm("crm.change_task")
        data = {"lines": open_tasks(customer, user), "may_change": may_change, "back": back}
        yield Panel(_("To do"), "admin/overview/tasks.html", data)


@add_parts(80)
def files_of(customer: Record, user: User) -> Iterable[Panel]:
    """Return the latest files."""
    rows = Attachment.objects.visible_to(user).filter(about_type=customer.label(), about_id=customer.pk)
    latest = list(rows.order_by("-created_at", "-id")[:FILES])
    if latest:
        name = f"admin:{customer._meta.app_label}_{customer._meta.model_name}_attachments"
        yield Panel(_("Attachments"), "admin/overview/files.html", latest, link=reverse(name, args=(customer.pk,)))
