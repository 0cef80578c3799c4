"""The API: its version 1, its documents, and a problem for whatever else is asked under it."""

from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from crm import front
from crm.api import directory, documents, index, pages
from crm.api.routers import Router
from crm.attachments.api import AttachmentViewSet
from crm.auth import api as sign_in
from crm.changes.api import ChangeViewSet
from crm.custom.api import CustomFieldViewSet
from crm.imports.api import ImportViewSet
from crm.saved_views.api import SavedViewViewSet
from crm.tags.api import TagViewSet
from crm.tasks.api import TaskViewSet
from crm.webhooks.api import WebhookViewSet

router = Router()
router.register("users", directory.UserViewSet)
router.register("teams", directory.TeamViewSet)
router.register("attachments", AttachmentViewSet)
router.register("custom-fields", CustomFieldViewSet)
router.register("imports", ImportViewSet)
router.register("tags", TagViewSet)
router.register("tasks", TaskViewSet)
router.register("views", SavedViewViewSet)
router.register("webhooks", WebhookViewSet)

urlpatterns = [
    path("", front.api, name="api"),
    path("v1", index.IndexViewSet.as_view({"get": "list_resources"}), name="index"),
    path("v1/auth/token", sign_in.TokenView.as_view(), name="auth-token"),
    path("v1/auth/refresh", sign_in.RefreshView.as_view(), name="auth-refresh"),
    path("v1/auth/sign-out", sign_in.SignOutView.as_view(), name="auth-sign-out"),
    path("v1/me", sign_in.MeView.as_view(), name="me"),
    path("v1/changes", ChangeViewSet.as_view({"get": "follow"}), name="changes"),
    path("v1/", include(router.urls)),
    path("v1/", include("crm.reports.urls")),
    path("v1/", include("customers.urls")),
    path("v1/", include("marketing.urls")),
    path("v1/", include("sales.urls")),
    path("v1/", include("service.urls")),
    path("schema", documents.DocumentView.as_view(), name="schema"),
    path("docs", documents.swagger, name="swagger"),
    path("redoc", documents.redoc, name="redoc"),
    path("postman.json", documents.postman, name="postman"),
    path("problems", pages.problems_page, name="problems"),
    re_path("", csrf_exempt(pages.not_found)),
]
