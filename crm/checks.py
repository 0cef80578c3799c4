"""Refuses to start, or to run a command, when the configuration is unsafe, and says why."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.module_loading import import_string
from phonenumbers import SUPPORTED_REGIONS

from crm.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from urllib.parse import SplitResult

    from django.db.models import Model

logger = logging.getLogger(__name__)
MIN_SECRET: Final = 50
MIN_DIFFERENT: Final = 10
MIN_TOKEN: Final = 16
MIN_UNSUBSCRIBE: Final = 30
NEW_KEY: Final = "print(secrets.token_urlsafe(50))"
NO_PROXY: Final = (
    "BASE_URL is https, which a proxy before the CRM serves, but TRUSTED_PROXIES is 0: everybody seems to come from "
    "the proxy's address, and who fails to sign in makes others wait. Set it to the number of proxies."
)
LINKS_END: Final = (
    "A key in SECRET_KEY_FALLBACKS is not in LINK_KEYS: links and addresses in messages that were sent, "
    "and forms on web sites, end when it is dropped. Put it at the end of LINK_KEYS."
)
SEALED: Final = (
    "Secrets in the database are sealed with another key than SECRET_KEY: run `manage.py reseal_secrets` "
    "before you drop that from SECRET_KEY_FALLBACKS."
)
DEMONSTRATION: Final = (
    "The demonstration accounts, whose passwords everyone knows, are in this database. "
    "Remove them with `manage.py demo_data --remove`."
)


@checks.register(checks.Tags.security)
def configuration(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is unsafe in the settings; a system check of every command."""
    found = [*addresses(), *(debugging() if settings.DEBUG else production()), *tokens(), *links(), *unknown()]
    return [checks.Error(text, id=f"crm.E{number:03}") for number, text in found]


def addresses() -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the addresses under which the CRM answers."""
    parts = urlsplit(settings.BASE_URL)
    if (
        not has_port(parts)
        or parts.path
        or parts.query
        or parts.fragment
        or parts.username
        or parts.scheme not in {"http", "https"}
    ):
        yield 1, "BASE_URL must be https:// and a host, perhaps with a port, and nothing after it."
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield 2, "BASE_URL is not https: passwords and tokens would travel in the clear."
    if any(host.startswith("*") for host in settings.ALLOWED_HOSTS):
        yield 3, "ALLOWED_HOSTS contains *: anyone could make the CRM send links to a host of their own."
    elif not any(answers_to(host, parts.hostname or "") for host in settings.ALLOWED_HOSTS):
        yield 4, "ALLOWED_HOSTS leaves out the host of BASE_URL: nobody could reach the CRM."


def has_port(parts: SplitResult) -> bool:
    """Tell whether the port of an address, if it names one, is a number that there can be."""
    try:
        _port = parts.port
    except ValueError:
        return False
    return True


def debugging() -> Iterator[tuple[int, str]]:
    """Yield why this cannot be a place to develop."""
    if not is_loopback(urlsplit(settings.BASE_URL).hostname or ""):
        yield 5, "DEBUG is on with a public BASE_URL: error pages would show the data and the configuration."


def production() -> Iterator[tuple[int, str]]:
    """Yield what production needs besides."""
    for name, keys in {
        "SECRET_KEY": [settings.SECRET_KEY],
        "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS,
        "LINK_KEYS": settings.LINK_KEYS,
    }.items():
        if not all(map(is_random, keys)):
            yield 6, f"{name} must be {MIN_SECRET} or more random characters: python -c 'import secrets; {NEW_KEY}'."
    if not settings.DATABASE_URL:
        yield 7, "DATABASE_URL is not set: the CRM starts a PostgreSQL of its own only for development (DEBUG)."


def is_random(key: str) -> bool:
    """Tell whether nobody guesses a key."""
    is_known = key.startswith(("development-", "django-insecure-"))
    return len(key) >= MIN_SECRET and len(set(key)) >= MIN_DIFFERENT and not is_known


@checks.register(checks.Tags.security)
def keys_of_links(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn, while a key is being changed, that what was signed with it ends with it unless it stays as a link key."""
    is_lost = not set(settings.SECRET_KEY_FALLBACKS) <= set(settings.LINK_KEYS)
    return [checks.Warning(LINKS_END, id="crm.W010")] if is_lost else []


@checks.register(checks.Tags.database)
def outdated_seals(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of secrets in the database that today's key does not read."""
    from crm.resealing import is_outdated

    return [checks.Warning(SEALED, id="crm.W011")] if kwargs.get("databases") and is_outdated() else []


def tokens() -> Iterator[tuple[int, str]]:
    """Yield what is wrong with tokens from the environment, and with how long sessions last."""
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < MIN_TOKEN:
        yield 8, f"METRICS_TOKEN must be {MIN_TOKEN} or more characters."
    if settings.SESSION_IDLE_MINUTES < 0:
        yield 31, "SESSION_IDLE_MINUTES must be 0, for never, or more."
    if settings.INITIAL_ACCESS_TOKEN and len(settings.INITIAL_ACCESS_TOKEN) < MIN_TOKEN:
        yield 10, f"INITIAL_ACCESS_TOKEN must be {MIN_TOKEN} or more characters."


def links() -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the lives of links."""
    for name in ("PREFERENCES_LINK_DAYS", "TICKET_LINK_DAYS", "UNSUBSCRIBE_LINK_DAYS"):
        if getattr(settings, name) < 0:
            yield 34, f"{name} must be 0 (for ever) or a number of days."
    if 0 < settings.UNSUBSCRIBE_LINK_DAYS < MIN_UNSUBSCRIBE:
        yield 35, f"UNSUBSCRIBE_LINK_DAYS must be 0 (for ever) or {MIN_UNSUBSCRIBE} and more, as the law wants."


@checks.register(checks.Tags.security, deploy=True)
def proxies(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where limits would hold for everybody together; `manage.py check --deploy` asks."""
    is_unnamed = settings.IS_HTTPS and settings.TRUSTED_PROXIES < 1
    return [checks.Warning(NO_PROXY, id="crm.W001")] if is_unnamed else []


@checks.register(checks.Tags.security)
def visibility(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse kinds that people read and that do not say who may see which rows: a system check of every command."""
    return [
        checks.Error(
            f"{model._meta.label} does not say who may see its rows.",
            hint="Give its queryset `visible_to`; where everybody may see all of them, make it a crm.querysets.Public.",
            obj=model,
            id="crm.E030",
        )
        for model in shown()
        if not hasattr(model._default_manager.all(), "visible_to")
    ]


def shown() -> list[type[Model]]:
    """Return the kinds whose rows people may come to read: records, what they name, and what the API answers."""
    from crm.api.representation import SERIALIZERS
    from crm.api.routers import resources
    from crm.models import Record

    resources()  # loads every list
    records = [model for model in apps.get_models() if issubclass(model, Record)]
    named = [field.related_model for model in records for field in model._meta.fields]
    found = dict.fromkeys([*records, *SERIALIZERS, *filter(None, named)])
    return [model for model in found if isinstance(model, type)]


def unknown() -> Iterator[tuple[int, str]]:
    """Yield which names mean nothing that there is."""
    from crm.attachments.kinds import BINARY, TEXT

    if settings.DEFAULT_COUNTRY and settings.DEFAULT_COUNTRY not in SUPPORTED_REGIONS:
        yield 11, f"DEFAULT_COUNTRY is no country (ISO 3166-1) with phone numbers: {settings.DEFAULT_COUNTRY}."
    if strange := sorted(set(settings.ATTACHMENT_KINDS) - {*BINARY, *TEXT}):
        yield 12, f"ATTACHMENT_KINDS has endings that the CRM cannot tell by content: {', '.join(strange)}."
    if settings.SENDS_EMAIL:
        backend = settings.MAILERS["default"]["BACKEND"]
        try:
            import_string(backend)
        except ImportError as error:
            yield 13, f"EMAIL_BACKEND names {backend}, which cannot be imported: {error}."


@checks.register(checks.Tags.database)
def demonstration_accounts(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse to migrate a production database that holds accounts with public passwords."""
    from crm.demonstration import has_accounts

    is_exposed = bool(kwargs.get("databases")) and not settings.DEBUG and has_accounts()
    return [checks.Error(DEMONSTRATION, id="crm.E009")] if is_exposed else []


def answers_to(pattern: str, host: str) -> bool:
    """Tell whether an entry of ALLOWED_HOSTS admits a host."""
    return host == pattern.strip("[]") or (pattern.startswith(".") and f".{host}".endswith(pattern))


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured where a security check finds an error; servers call it as they start."""
    found = [item.msg for item in checks.run_checks(tags=[checks.Tags.security]) if item.is_serious()]
    if not (settings.DEBUG or (settings.STATIC_ROOT / "staticfiles.json").exists()):
        found.append("Static files are missing: run `manage.py collectstatic --no-input`.")
    if found:
        raise ImproperlyConfigured(" ".join(found))
    warn_of_demonstration_accounts()


def warn_of_demonstration_accounts() -> None:
    """Log, as loudly as can be, that the database holds accounts that are refused here."""
    from crm.demonstration import has_accounts

    with suppress(DatabaseError):
        if not settings.SERVES_DEMONSTRATION and has_accounts():
            logger.critical("%s Nobody can sign in with them here.", DEMONSTRATION)
