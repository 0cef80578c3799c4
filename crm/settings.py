"""Settings, all from the environment; docs/configuration.md lists them."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from crm import database, environment, headers, logs, mail
from crm.api.options import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 -- settings
from crm.appearance import UNFOLD  # noqa: F401 -- settings
from crm.attachments.settings import store_settings
from crm.auth import keys, scopes
from crm.auth.options import *  # noqa: F403 -- settings
from crm.background import (  # noqa: F401 -- settings
    PROCRASTINATE_AUTODISCOVER_MODULE_NAME,
    PROCRASTINATE_IMPORT_PATHS,
)
from crm.hosts import host_of, in_address, own_host

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / ".data")))

# ── Where and how it runs ────────────────────────────────────────────────────────────────────────────────────────────
DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.text("SECRET_KEY", "development-only-secret-key-of-no-value-elsewhere" if DEBUG else "")
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
LINK_KEYS = environment.words("LINK_KEYS")
if not SECRET_KEY:
    message = "SECRET_KEY is not set. Set it to 50 or more random characters, or set DEBUG=true for development."
    raise ImproperlyConfigured(message)
HOST, PORT = environment.host("HOST", "127.0.0.1"), environment.number("PORT", 8000, most=65_535)
WEB_CONCURRENCY = environment.number("WEB_CONCURRENCY", 2, least=1, most=1000)
THREADS = environment.number("THREADS", 8, least=1, most=1000)
BASE_URL = environment.text("BASE_URL", f"http://{own_host(HOST)}:{PORT}" if DEBUG else "").rstrip("/")
if not host_of(BASE_URL):
    message = "BASE_URL is not set. Set it to the address under which people reach the CRM, https://crm.example.com."
    raise ImproperlyConfigured(message)
ALLOWED_HOSTS = environment.words(
    "ALLOWED_HOSTS", host_of(BASE_URL), pattern=rf"\*.*|\.?({environment.HOST})|\[[0-9A-Fa-f:.]+\]", meaning="hosts"
)
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]", "testserver"]
ROOT_URLCONF = "crm.urls"
APPEND_SLASH = False

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "axes",
    "django_filters",
    "rest_framework",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "pgtrigger",
    "crm",
    "customers",
    "marketing",
    "sales",
    "service",
]
MIDDLEWARE = [
    "crm.middleware.trace",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "crm.middleware.add_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "crm.middleware.refuse_large_bodies",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.auth.idling.end_idle_sessions",
    "crm.languages.follow_the_user",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "crm.auth.hashing.AnswerBusy",
    "crm.auth.known.remember",
    "crm.middleware.answer_delays",
    "crm.signposts.Signposts",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "crm" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ── Database ─────────────────────────────────────────────────────────────────────────────────────────────────────────
DATABASE_URL = environment.text("DATABASE_URL")
DATABASES = {"default": database.settings_for(DATABASE_URL, DATA_DIR / "postgres")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Language, time and place ─────────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
FORMAT_MODULE_PATH = "crm.formats"
LOCALE_PATHS = [BASE_DIR / "crm" / "locale", BASE_DIR / "crm" / "locale_packages"]
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
USE_TZ = True
DEFAULT_COUNTRY = environment.matching("DEFAULT_COUNTRY", "", "[A-Z]{2}", "a country such as DE (ISO 3166-1)")
REPORTING_CURRENCY = environment.text("REPORTING_CURRENCY", "EUR")

# ── Static files ─────────────────────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "crm.auth.accounts.Accounts"]
SERVES_DEMONSTRATION = DEBUG  # accounts whose passwords everyone knows sign in for development only
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_IDLE_MINUTES = environment.number("SESSION_IDLE_MINUTES", 0, most=environment.CENTURY)
CONFIRMATION_MINUTES = environment.number("CONFIRMATION_MINUTES", 15, most=environment.CENTURY)

# ── Programs: OAuth 2.0 and tokens ───────────────────────────────────────────────────────────────────────────────────
SIMPLE_JWT = {"USER_ID_CLAIM": "sub"}
JWT_KEYS = keys.read(environment.text("JWT_KEYS"), SECRET_KEY, SECRET_KEY_FALLBACKS)
ACCESS_TOKEN_LIFETIME = timedelta(seconds=environment.number("ACCESS_TOKEN_SECONDS", 600, least=1))
REFRESH_TOKEN_LIFETIME = timedelta(seconds=environment.number("REFRESH_TOKEN_SECONDS", 14 * 24 * 3600, least=1))
RATE_LIMIT_APPLICATION = environment.number("RATE_LIMIT_APPLICATION", 6000)
RATE_LIMIT_USER = environment.number("RATE_LIMIT_USER", 3000)
RATE_LIMIT_ADDRESS = environment.number("RATE_LIMIT_ADDRESS", 60)
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", 0)
ALLOW_IMPLICIT_GRANT = environment.flag("ALLOW_IMPLICIT_GRANT")
ALLOW_PASSWORD_GRANT = environment.flag("ALLOW_PASSWORD_GRANT")
OAUTH2_PROVIDER_APPLICATION_MODEL = "crm.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "crm.Grant"
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "crm.DeviceGrant"
SCOPES = {**scopes.WORDS}
IDENTITY_KEY = keys.first_rsa(JWT_KEYS)
if IDENTITY_KEY:
    SCOPES |= {"openid": _("Know who you are"), "profile": _("See your name"), "email": _("See your e-mail address")}
OAUTH2_PROVIDER: dict[str, Any] = {
    "SCOPES": SCOPES,
    "DEFAULT_SCOPES": ["customers:read", "sales:read", "marketing:read", "service:read", "directory:read"],
    "ACCESS_TOKEN_GENERATOR": "crm.auth.validators.generate_access_token",
    "REFRESH_TOKEN_GENERATOR": "crm.auth.validators.generate_refresh_token",
    "OAUTH_PRE_TOKEN_VALIDATION": [],
    "OAUTH2_VALIDATOR_CLASS": "crm.auth.validators.Validator",
    "OIDC_ISS_ENDPOINT": BASE_URL,
    "OIDC_ENABLED": bool(IDENTITY_KEY),
    "OIDC_RSA_PRIVATE_KEY": IDENTITY_KEY,
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code", "id_token", "id_token token"],
    "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": f"{BASE_URL}/api/v1",
    "OAUTH2_PROTECTED_RESOURCE_NAME": "CRM",
    "OAUTH2_PROTECTED_RESOURCE_DOCUMENTATION": f"{BASE_URL}/api/docs",
    "OAUTH_DEVICE_VERIFICATION_URI": f"{BASE_URL}/o/device",
    "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": f"{BASE_URL}/o/device?user_code={{user_code}}",
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    "ID_TOKEN_EXPIRE_SECONDS": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    "REFRESH_TOKEN_EXPIRE_SECONDS": int(REFRESH_TOKEN_LIFETIME.total_seconds()),
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "DCR_ENABLED": environment.flag("ALLOW_REGISTRATION"),
    "DCR_REGISTRATION_PERMISSION_CLASSES": ["crm.auth.registration.HasInitialAccessToken"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": not ALLOW_IMPLICIT_GRANT,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": not ALLOW_PASSWORD_GRANT,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
INITIAL_ACCESS_TOKEN = environment.text("INITIAL_ACCESS_TOKEN")

# ── API ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
IDEMPOTENCY_HOURS = environment.number("IDEMPOTENCY_HOURS", 24, most=environment.CENTURY * 24)
EXPORT_SECONDS = environment.number("EXPORT_SECONDS", 600)
CHANGE_DAYS = environment.number("CHANGE_DAYS", 0, most=environment.CENTURY)
REQUIRE_IF_MATCH = environment.flag("REQUIRE_IF_MATCH")
DATA_UPLOAD_MAX_MEMORY_SIZE = environment.number("MAX_BODY_BYTES", 2_500_000)
MAX_IMPORT_BYTES = environment.number("MAX_IMPORT_BYTES", 50_000_000)
MAX_WORKBOOK_BYTES = environment.number("MAX_WORKBOOK_BYTES", 256 << 20)
IMPORT_DAYS = environment.number("IMPORT_DAYS", 30, most=environment.CENTURY)

# ── Attachments ──────────────────────────────────────────────────────────────────────────────────────────────────────
ATTACHMENT_BYTES = environment.number("ATTACHMENT_BYTES", 25_000_000)
ATTACHMENT_RECORD_BYTES = environment.number("ATTACHMENT_RECORD_BYTES", 500_000_000)
ATTACHMENT_KINDS = environment.words(
    "ATTACHMENT_KINDS",
    "pdf,png,jpg,jpeg,gif,webp,bmp,tif,tiff,heic,docx,xlsx,pptx,odt,ods,odp,doc,xls,ppt,rtf,zip,mp3,m4a,wav,ogg,mp4,mov,"
    "txt,log,csv,md,json,eml,ics,vcf",
    pattern="[a-z0-9]+",
    meaning="endings in small letters such as pdf",
)
ATTACHMENT_DAYS = environment.number("ATTACHMENT_DAYS", 30, most=environment.CENTURY)
ATTACHMENT_LINK_SECONDS = environment.number("ATTACHMENT_LINK_SECONDS", 300)
STORAGES["attachments"] = store_settings(DATA_DIR / "attachments")

# ── Customers' own pages ─────────────────────────────────────────────────────────────────────────────────────────────
PREFERENCES_LINK_DAYS = environment.number("PREFERENCES_LINK_DAYS", 365, most=environment.CENTURY)
UNSUBSCRIBE_LINK_DAYS = environment.number("UNSUBSCRIBE_LINK_DAYS", 5 * 365, most=environment.CENTURY)
TICKET_LINK_DAYS = environment.number("TICKET_LINK_DAYS", 180, most=environment.CENTURY)

# ── Leads ────────────────────────────────────────────────────────────────────────────────────────────────────────────
RATE_LIMIT_FORM = environment.number("RATE_LIMIT_FORM", 120)
LEAD_UNASSIGNED_HOURS = environment.number("LEAD_UNASSIGNED_HOURS", 24, most=environment.CENTURY * 24)

# ── ERP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
ERP_MAPPINGS = environment.folder("ERP_MAPPINGS")

# ── Transport security ───────────────────────────────────────────────────────────────────────────────────────────────
IS_HTTPS = urlsplit(BASE_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = environment.number("HSTS_SECONDS", 365 * 24 * 3600) if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS and environment.flag("HSTS_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = IS_HTTPS and environment.flag("HSTS_PRELOAD")
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # wants every domain on browsers' lists, which are left in months only
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = headers.SECURE_CSP

# ── Logs, figures and background work ────────────────────────────────────────────────────────────────────────────────
SECURITY_CONTACT = environment.words(
    "SECURITY_CONTACT",
    f"mailto:security@{host_of(BASE_URL)}",
    pattern=r"(mailto:|https://|tel:)[!-~]+",
    meaning="addresses that begin with mailto:, https:// or tel:",
)
METRICS_TOKEN = environment.text("METRICS_TOKEN")
LOGGING = logs.configuration(is_for_people=DEBUG, level=environment.choice("LOG_LEVEL", "INFO", logs.LEVELS))
WORKER_SILENT_SECONDS = environment.number("WORKER_SILENT_SECONDS", 30, least=2)

# ── E-mail ───────────────────────────────────────────────────────────────────────────────────────────────────────────
SENDS_EMAIL = bool(mail.mailers(is_for_people=DEBUG))
if SENDS_EMAIL:
    MAILERS = mail.mailers(is_for_people=DEBUG)
DEFAULT_FROM_EMAIL = environment.matching(
    "EMAIL_FROM",
    f"crm@{in_address(host_of(BASE_URL))}",
    rf"{environment.EMAIL}|[^\r\n<>]*<{environment.EMAIL}>",
    "an e-mail address",
)
INSTALLED_APPS += mail.apps()
ANYMAIL = {"WEBHOOK_SECRET": environment.matching("EMAIL_WEBHOOK_SECRET", "", r"[^:\s]+:\S+", "user:password")}
MARKETING_BOUNCE_ADDRESS = environment.matching("MARKETING_BOUNCE_ADDRESS", "", environment.EMAIL, "an e-mail address")
DKIM_DOMAIN, DKIM_SELECTOR, DKIM_KEY = mail.signing_key()

# ── Service ──────────────────────────────────────────────────────────────────────────────────────────────────────────
MAIL_BYTES = environment.number("MAIL_BYTES", 25_000_000)
IMAP_URL = environment.matching("IMAP_URL", "", r"imaps?://[^\s/]+(/\S*)?", "imaps://user:password@host/MAILBOX")

# ── Webhooks ─────────────────────────────────────────────────────────────────────────────────────────────────────────
WEBHOOK_ALLOW_PRIVATE = environment.flag("WEBHOOK_ALLOW_PRIVATE", default=DEBUG)
WEBHOOK_RETRIES = environment.words(
    "WEBHOOK_RETRIES", "5,300,1800,7200,18000,36000,50400,72000,86400", pattern=r"[0-9]{1,7}", meaning="seconds"
)
WEBHOOK_DAYS = environment.number("WEBHOOK_DAYS", 30, most=environment.CENTURY)
