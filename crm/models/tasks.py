"""Tasks: what somebody must do, by when, about which record."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar, Final, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.about import customer_named
from crm.models.about import AboutRecord
from crm.models.users import User
from crm.querysets import RecordQuerySet
from crm.search import SearchKey

SEARCHED: Final = ("title", "description")
NEVER: Final = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)


class TaskQuerySet(RecordQuerySet):
    def of(self, user: User) -> Self:
        """Keep what somebody has to do."""
        return self.filter(assignee=user.pk, status=Task.Status.OPEN)

    def due_before(self, moment: datetime.datetime) -> Self:
        """Keep what must be done before a moment."""
        return self.filter(due_order__lt=moment)

    def to_remind_of(self, now: datetime.datetime) -> Self:
        """Keep open tasks whose reminder has come and not been given."""
        return self.filter(status=Task.Status.OPEN, remind_at__lte=now).filter(
            Q(reminded_at__isnull=True) | Q(reminded_at__lt=models.F("remind_at"))
        )


class Task(AboutRecord):
    """Something that a colleague must do, by a date or at some time; the assignee always sees it."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    class Priority(models.TextChoices):
        LOW = "low", _("low")
        NORMAL = "normal", _("normal")
        HIGH = "high", _("high")

    search_fields = SEARCHED
    seen_by = ("owner", "assignee")
    not_in_feed: ClassVar[tuple[str, ...]] = ("reminded_at",)

    title = models.CharField(_("title"), max_length=200, help_text=_("What is to be done, in a line."))
    description = models.TextField(_("description"), max_length=10_000, blank=True, help_text=_("What else to know."))
    due_at = models.DateTimeField(_("due"), null=True, blank=True, help_text=_("By when; none: at some time."))
    remind_at = models.DateTimeField(
        _("reminder"),
        null=True,
        blank=True,
        help_text=_("When the assignee is reminded, by e-mail and on the screens."),
    )
    priority = models.CharField(
        _("priority"), max_length=10, choices=Priority, default=Priority.NORMAL, help_text=_("How much it matters.")
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status,
        default=Status.OPEN,
        editable=False,
        help_text=_("How it stands; `complete`, `cancel` and `reopen` change it."),
    )
    completed_at = models.DateTimeField(
        _("done at"), null=True, blank=True, editable=False, help_text=_("When it was done.")
    )
    completed_by = models.ForeignKey(
        User,
        verbose_name=_("done by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text=_("Who did it."),
    )
    assignee = models.ForeignKey(
        User,
        verbose_name=_("assignee"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tasks",
        help_text=_("Who is to do it; who creates it, unless said otherwise."),
    )
    customer = models.UUIDField(
        _("customer"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Customer that it is about: the record that it concerns, or that record's."),
    )
    reminded_at = models.DateTimeField(
        _("reminded"), null=True, blank=True, editable=False, help_text=_("The reminder that was given last.")
    )
    due_order = models.GeneratedField(
        expression=Coalesce("due_at", Value(NEVER)), output_field=models.DateTimeField(), db_persist=True
    )

    objects: ClassVar[Any] = TaskQuerySet.as_manager()

    class Meta(AboutRecord.Meta):
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            *AboutRecord.Meta.constraints,
            models.CheckConstraint(
                condition=Q(status__in=["open", "cancelled"], completed_at__isnull=True, completed_by__isnull=True)
                | Q(status="done", completed_at__isnull=False),
                name="task_done_or_not",
            ),
            models.CheckConstraint(condition=Q(priority__in=["low", "normal", "high"]), name="task_priority_known"),
            models.CheckConstraint(condition=~Q(title=""), name="task_title_given"),
        ]
        indexes = [
            *AboutRecord.Meta.indexes,
            models.Index(fields=["due_order", "id"], name="task_due"),
            models.Index(fields=["assignee", "due_order"], name="task_to_do", condition=Q(status="open")),
            models.Index(fields=["customer", "created_at"], name="task_customer", condition=Q(customer__isnull=False)),
            models.Index(fields=["status", "due_order", "id"], name="task_status"),
            models.Index(fields=["remind_at"], name="task_reminder", condition=Q(remind_at__isnull=False)),
            models.Index(fields=["completed_at"], name="task_completed", condition=Q(completed_at__isnull=False)),
            models.Index(fields=["completed_by", "completed_at"], name="task_completed_by"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="task_search"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse half a reference; fill the customer."""
        super().clean()
        self.find_customer()

    def save(self, **kwargs: Any) -> None:
        self.find_customer()
        super().save(**kwargs)

    def find_customer(self) -> None:
        """Fill the customer, which follows from what the task is about."""
        about = (self.about_type, self.about_id)
        if about != getattr(self, "_customer_of", None):
            self.customer = customer_named(*about)
            self._customer_of = about

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done by now."""
        return self.status == self.Status.OPEN and self.due_at is not None and self.due_at < timezone.now()
