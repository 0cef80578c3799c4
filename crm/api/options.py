"""How DRF and drf-spectacular are set up: part of the settings."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crm.auth.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["crm.api.throttles.CredentialsThrottle"],
    "DEFAULT_RENDERER_CLASSES": [
        "crm.api.renderers.JSONRenderer",
        "crm.api.renderers.XMLRenderer",
        "crm.api.renderers.CSVRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "crm.api.renderers.Negotiation",
    "DEFAULT_PARSER_CLASSES": [
        "crm.api.parsers.JSONParser",
        "crm.api.parsers.MergePatchParser",
        "crm.api.parsers.XMLParser",
        "crm.api.parsers.TextXMLParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "crm.api.schema.OperationSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "crm.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CRM",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "CONTACT": {"name": "The administrator of this installation"},
    "SERVERS": [{"url": "/", "description": "This installation, production or test", "x-internal": False}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["crm.api.schema.document.complete"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
