"""Saved views: a list as somebody likes to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id

if TYPE_CHECKING:
    from crm.models.users import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> Self:
        """Keep one's own, those shared with all, and those that colleagues of the team share with it."""
        known = Q(user=user.pk) | Q(sharing=SavedView.Sharing.ALL)
        if user.team_id is not None:
            known |= Q(sharing=SavedView.Sharing.TEAM, user__team=user.team_id)
        return self.filter(known)


class SavedView(models.Model):
    """A named set of filters, order and columns of one list; it shows what its reader may see, and no more."""

    class Sharing(models.TextChoices):
        PRIVATE = "private", _("only me")
        TEAM = "team", _("my team")
        ALL = "all", _("everyone")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    user = models.ForeignKey(
        "crm.User",
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Who saved it, and alone changes it."),
    )
    resource = models.CharField(_("resource"), max_length=100, help_text=_("List that it shows, such as `customers`."))
    name = models.CharField(_("name"), max_length=100, help_text=_("What people call it."))
    sharing = models.CharField(
        _("shared with"), max_length=10, choices=Sharing, default=Sharing.PRIVATE, help_text=_("Who else sees it.")
    )
    parameters: models.JSONField[Any, Any] = models.JSONField(
        _("parameters"),
        default=dict,
        null=True,
        blank=True,
        help_text=_(
            "The list's query parameters, each a text: filters, `search`, `ordering`, `fields`; null where the screens"
            " filter as the API cannot."
        ),
    )
    screen = models.CharField(
        _("filters on the screens"), max_length=4000, blank=True, help_text=_("Query of the list's page.")
    )
    columns: models.JSONField[list[str], list[str]] = models.JSONField(
        _("columns"), default=list, blank=True, help_text=_("Columns of the list's page.")
    )
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When it was saved.")
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "resource", "name"],
                name="saved_view_unique",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_named"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="saved_view_name")]

    def __str__(self) -> str:
        return self.name
