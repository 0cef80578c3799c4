"""The eight roles, as Django groups with exactly these permissions; renewed after every migration.

Whoever needs another mixture makes a group of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from django.utils.translation import gettext_noop

if TYPE_CHECKING:
    from django.apps import AppConfig
    from django.contrib.auth.models import Permission

VIEW_LEVELS: Final = ("all", "team", "own")
WRITE: Final = ("add", "change")
MANAGE: Final = ("add", "change", "delete")


@dataclass(frozen=True)
class Rule:
    """How far a role sees the records of one application, or of one kind, and what it may do to them."""

    view: Literal["all", "team", "own"]
    verbs: tuple[str, ...] = ()


# What everyone at work uses, whatever their trade.
SHARED: Final = {"crm.tag": Rule("all", ("add",))}
MANAGED: Final = {"crm.tag": Rule("all", MANAGE)}
ROLES: Final[dict[str, dict[str, Rule]]] = {
    gettext_noop("Sales representative"): {
        "customers": Rule("team", WRITE),
        "sales": Rule("team", WRITE),
        "marketing": Rule("all"),
        **SHARED,
    },
    gettext_noop("Sales manager"): {
        "customers": Rule("all", MANAGE),
        "sales": Rule("all", MANAGE),
        "marketing": Rule("all"),
        **MANAGED,
    },
    gettext_noop("Marketer"): {
        "customers": Rule("all", WRITE),
        "marketing": Rule("all", MANAGE),
        "sales": Rule("all"),
        **MANAGED,
    },
    gettext_noop("Service agent"): {
        "customers": Rule("all", WRITE),
        "service": Rule("all", WRITE),
        # What is promised, and how tickets are given out, is for managers to say.
        **{f"service.{kind}": Rule("all") for kind in ("agent", "businesshours", "queue", "slapolicy")},
        **SHARED,
    },
    gettext_noop("Service manager"): {
        "customers": Rule("all", MANAGE),
        "service": Rule("all", MANAGE),
        "sales": Rule("all"),
        **MANAGED,
    },
    gettext_noop("Integration"): {
        **{app: Rule("all", MANAGE) for app in ("customers", "sales", "marketing", "service")},
        **MANAGED,
    },
    gettext_noop("Administrator"): {
        app: Rule("all", MANAGE) for app in ("customers", "sales", "marketing", "service", "crm", "auth")
    },
    gettext_noop("Auditor"): {
        app: Rule("all") for app in ("customers", "sales", "marketing", "service", "crm", "auth")
    },
}
# What managers set up, and what everyone in sales sees; only the ERP writes orders.
SET_UP: Final = (
    "sales.pipeline",
    "sales.stage",
    "sales.lossreason",
    "sales.exchangerate",
    "sales.product",
    "sales.leadform",
    "sales.scorerule",
    "sales.assignmentrule",
)
MIRRORED: Final = ("sales.order", "sales.orderline")
for name, rules in ROLES.items():
    if "sales" in rules:
        may_set_up = rules["sales"].verbs == MANAGE
        rules |= {kind: Rule("all", MANAGE if may_set_up else ()) for kind in SET_UP}
        if name != "Integration":
            rules |= {kind: Rule(rules["sales"].view) for kind in MIRRORED}
for role, rules in ROLES.items():
    # Files go with the records that they are attached to: whoever adds or deletes records may do so with files.
    rules["crm.attachment"] = Rule("all", max((rule.verbs for name, rule in rules.items() if "." not in name), key=len))
    if role != "Administrator":  # what is erased without anybody's asking is for administrators to say
        rules["customers.retentionrule"] = Rule("all")
    rules["crm.task"] = rules["customers"]  # tasks are seen and written as far as customers are


def synchronise_roles(app_config: AppConfig, **kwargs: Any) -> None:
    """Give every role exactly its permissions on the models of `app_config`; a receiver of `post_migrate`."""
    from django.contrib.auth.models import Group, Permission
    from django.db import connection, transaction

    label = app_config.label
    if not any(name.partition(".")[0] == label for rules in ROLES.values() for name in rules):
        return
    permissions = list(Permission.objects.filter(content_type__app_label=label).select_related("content_type"))
    held = Group.permissions.through.objects.filter(permission__in=permissions)
    with transaction.atomic(), connection.cursor() as cursor:
        # What a new version lets a role do is no change of anybody's role: nobody's session ends by it.
        cursor.execute("SELECT set_config('crm.same_roles', 'on', true)")
        for name, rules in ROLES.items():
            group, _made = Group.objects.get_or_create(name=name)
            wanted = [permission for permission in permissions if is_covered(permission, rules)]
            held.filter(group=group).exclude(permission__in=wanted).delete()
            held.bulk_create([held.model(group=group, permission=one) for one in wanted], ignore_conflicts=True)
        cursor.execute("SELECT set_config('crm.same_roles', '', true)")


def is_covered(permission: Permission, rules: dict[str, Rule]) -> bool:
    """Tell whether rules grant a permission, such as `change_customer`; that of its kind goes before its app's."""
    kind = permission.content_type
    rule = rules.get(f"{kind.app_label}.{kind.model}", rules.get(kind.app_label))
    verb = permission.codename.removesuffix(f"_{kind.model}")
    return rule is not None and verb in {*rule.verbs, f"view_{rule.view}", "view"}
