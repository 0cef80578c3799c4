"""The files of a record in the staff site: on a page beside every record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget

from crm.about import may_change
from crm.admin.site import staff
from crm.attachments.actions import attach
from crm.models import Attachment

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from crm.models import Record, User

SHOWN = 200


class AttachForm(forms.Form):
    """A file to attach."""

    file = forms.FileField(label=gettext_lazy("file"), widget=UnfoldAdminFileFieldWidget, max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let browsers offer the files that are taken."""
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(f".{one}" for one in settings.ATTACHMENT_KINDS)


def of(record: Record) -> Any:
    """Return the attachments of a record."""
    return Attachment.objects.filter(about_type=record.label(), about_id=record.pk)


def may(user: User, verb: str, record: Record) -> bool:
    """Tell whether somebody may add or delete attachments of a record that they see."""
    return user.has_perm(f"crm.{verb}_attachment") and may_change(record.label(), user)


def done(request: HttpRequest, record: Record, form: AttachForm) -> bool:
    """Do what the button says; tell whether it was done, and say why not."""
    verb = "delete" if "delete" in request.POST else "add"
    if not may(staff(request), verb, record):
        raise PermissionDenied
    if verb == "delete":
        one = of(record).filter(pk=uuid_or_none(request.POST["delete"])).first()
        if one is None:
            raise Http404
        one.delete()
        messages.success(request, _("%s was deleted.") % one)
        return True
    if not form.is_valid():
        return False
    upload = form.cleaned_data["file"]
    try:
        one = attach(about=record, name=upload.name, content=upload, by=staff(request))
    except ValidationError as error:
        form.add_error("file", error.messages)
        return False
    messages.success(request, _("%s was attached.") % one)
    return True


def uuid_or_none(text: str) -> Any:
    """Return an id; None for a text that is none."""
    try:
        return Attachment._meta.pk.to_python(text)
    except ValidationError:
        return None


class WithAttachments:
    """Leads from every record to the files attached to it."""

    def __init__(self, model: type[Record], admin_site: Any) -> None:
        super().__init__(model, admin_site)  # type: ignore[call-arg]  # a mixin of ModelAdmin
        own: Any = self
        if not model.follows_about and "attachments" not in own._extract_action_names(own.actions_detail):
            own.actions_detail = (*own.actions_detail, "attachments")

    @action(description=gettext_lazy("Attachments"), url_path="attachments", icon="attach_file")
    def attachments(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the files of a record; attach one, or delete one."""
        own: Any = self
        record: Record | None = own.get_object(request, unquote(object_id))
        if record is None or not staff(request).view_level(Attachment):
            raise Http404
        form = AttachForm(*((request.POST, request.FILES) if "attach" in request.POST else ()))
        if request.method == "POST" and done(request, record, form):
            return HttpResponseRedirect(request.path)
        context = {
            **own.admin_site.each_context(request),
            "opts": own.opts,
            "title": _("Attachments of %s") % record,
            "original": record,
            "attachments": of(record).select_related("uploaded_by").order_by("-id")[:SHOWN],
            "form": form if may(staff(request), "add", record) else None,
            "may_delete": may(staff(request), "delete", record),
        }
        return TemplateResponse(request, "admin/attachments/attachments.html", context)
