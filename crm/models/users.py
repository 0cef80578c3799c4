"""People who work in the CRM, and the teams they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractUser, Permission, UserManager
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id
from crm.querysets import Public, PublicQuerySet
from crm.roles import VIEW_LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["all", "team", "own"]
# What somebody signs in with or as; where it changes, what is open ends.
CREDENTIALS: Final = frozenset({"username", "email", "password", "is_active", "is_staff", "is_superuser"})


class Team(models.Model):
    """A group of colleagues who share their records."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=150, unique=True)
    manager = models.ForeignKey(
        "crm.User",
        verbose_name=_("manager"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="managed_teams",
    )

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class UserQuerySet(Public, models.QuerySet["User"]):
    """Everybody may see who works here."""


class Colleagues(UserManager["User"]):
    """Makes people, and finds them."""

    use_in_migrations = False

    def get_queryset(self) -> UserQuerySet:
        """Return all of them."""
        return UserQuerySet(self.model, using=self._db)


class User(AbstractUser):
    """A person, or the service account of a program, that signs in.

    A user is never deleted while records name it: take `is_active` away instead.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(
        Team, verbose_name=_("team"), on_delete=models.PROTECT, null=True, blank=True, related_name="members"
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of the screens and of e-mail to this user; left out, the browser's and the server's."),
    )

    # Sessions begun under another version have ended. The database raises it where the account's rights, name, address
    # or password change, by whatever door.
    session_version = models.PositiveIntegerField(_("version of the sessions"), default=0, db_default=0, editable=False)

    custom_version = ""  # of all custom fields, as a token's check found it

    objects: ClassVar[Colleagues] = Colleagues()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, **kwargs: Any) -> None:
        """Save, and learn what the database made of the version of the sessions."""
        is_new = self._state.adding
        super().save(**kwargs)
        if not is_new and not set(kwargs.get("update_fields") or CREDENTIALS).isdisjoint(CREDENTIALS):
            self.refresh_from_db(fields=["session_version"])

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether a password is right; where its hash is renewed on the way, no session ends by it."""

        def renew(password: str) -> None:
            self.password = make_password(password)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('crm.same_password', 'on', true)")
                self.save(update_fields=["password"])
                cursor.execute("SELECT set_config('crm.same_password', '', true)")

        return check_password(raw_password, self.password, renew)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session keeps of the account: Django's own value, until something ended the sessions once."""
        made = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # not in the stubs
        return f"{self.session_version}:{made}" if self.session_version else made

    @cached_property
    def permission_set(self) -> frozenset[str]:
        """Every `app.codename` that this user holds, by group or directly; asked once per request."""
        if not self.is_active:
            return frozenset()
        held = Permission.objects.filter(Q(group__user=self) | Q(user=self)).distinct()
        return frozenset(f"{app}.{code}" for app, code in held.values_list("content_type__app_label", "codename"))

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return set(self.permission_set)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and (self.is_superuser or perm in self.permission_set)

    def has_perms(self, perm_list: Iterable[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        if not self.is_active:
            return False
        return self.is_superuser or any(perm.startswith(f"{app_label}.") for perm in self.permission_set)

    def view_level(self, model: type[models.Model]) -> Level | None:
        """Return how far this user sees records of `model`: all, the team's, their own, or none."""
        options = model._meta
        for level in VIEW_LEVELS:
            if self.has_perm(f"{options.app_label}.view_{level}_{options.model_name}"):
                return level
        return None
