"""The API's documents: OpenAPI, Swagger UI, ReDoc and a Postman collection, all from this installation itself."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.http import JsonResponse
from django.middleware.csp import get_nonce
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.translation import get_language, override
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.response import Response

from crm.api.postman import collection
from crm.api.schema.custom import described
from crm.custom.definitions import version
from crm.models import CustomField

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request

# ReDoc adds these two style elements, one of them empty, before it reads its option `nonce`.
REDOC_STYLES = [
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
]
REDOC_CSP: dict[str, list[str]] = {
    **cast("dict[str, list[str]]", settings.SECURE_CSP),
    "style-src": [CSP.SELF, CSP.NONCE, *REDOC_STYLES],
    "worker-src": ["blob:"],
}


def document(language: str) -> dict[str, Any]:
    """Return the OpenAPI document in a language, with the custom fields that there are now."""
    return document_at(language, version())


@lru_cache(maxsize=8)
def document_at(language: str, _version: str) -> dict[str, Any]:
    """Return the document at one version of all custom fields; worked out once for each."""
    with override(language), described(CustomField.objects.in_use()):
        return dict(SchemaGenerator().get_schema(request=None, public=True))


class DocumentView(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON."""

    throttle_classes: list[Any] = []

    def _get_schema_response(self, request: Request) -> Response:
        return Response(document(get_language() or settings.LANGUAGE_CODE))


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """Show the document in Swagger UI, from which requests can be sent."""
    return render(request, "crm/swagger.html")


@csp_override(REDOC_CSP)
@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """Show the document in ReDoc, whose script adds styles with the nonce of this answer, and searches in a worker."""
    return render(request, "crm/redoc.html", {"nonce": get_nonce(request)})


@require_safe
def postman(request: HttpRequest) -> HttpResponse:
    """Answer the document as a Postman collection whose address is this installation's."""
    content = collection(document(get_language() or settings.LANGUAGE_CODE), settings.BASE_URL)
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})
