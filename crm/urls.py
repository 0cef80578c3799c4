"""The URL map."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from crm import front
from crm.languages import choose_language

handler400 = "crm.api.pages.bad_request"
handler403 = "crm.api.pages.permission_denied"
handler404 = "crm.api.pages.not_found"
handler500 = "crm.api.pages.server_error"

HELP = "help"  # the route of the pages of help

urlpatterns = [
    path("", front.start, {"help_route": HELP}, name="start"),
    path("docs/", front.documentation, {"help_route": HELP}, name="documentation"),
    re_path(r"^docs/(?P<name>[\w/-]+\.md)$", front.guide, name="guide"),
    path("robots.txt", front.robots, {"help_route": HELP}, name="robots"),
    path("favicon.ico", front.favicon, name="favicon"),
    path(".well-known/security.txt", front.security, name="security"),
    path("admin/", include("crm.admin.urls")),
    path("admin/", include("sales.admin.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("api/", include("crm.api.urls")),
    path("", include("crm.auth.urls")),
    path("", include("customers.pages")),
    path("", include("marketing.pages")),
    path("", include("sales.pages")),
    path("", include("service.pages")),
    path("", include("service.help_pages")),
    path("", include("crm.attachments.answers")),
]
if "anymail" in settings.INSTALLED_APPS and settings.ANYMAIL["WEBHOOK_SECRET"]:
    urlpatterns.append(path("anymail/", include("anymail.urls")))
