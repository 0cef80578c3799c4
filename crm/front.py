"""The first doors: what answers whoever knows no more than the host, people, programs and robots alike."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.api.pages import is_for_people
from crm.api.renderers import renderer_for

if TYPE_CHECKING:
    from django.http import HttpRequest

TEXT: Final = "text/plain; charset=utf-8"
LANGUAGES: Final = "en, zh-Hans"
SECURITY_TEXT_DAYS: Final = 90  # less than a year, as RFC 9116, section 2.5.5 advises
FIRST_GUIDES: Final = ["api.md", "sign-in.md", "configuration.md", "operations.md", "architecture.md"]


@never_cache
@require_safe
def start(request: HttpRequest, help_route: str) -> HttpResponse:
    """Show people where they can go and who they are; tell programs the same as data."""
    if is_for_people(request):
        response = render(request, "crm/start.html", {"help_route": help_route})
    else:
        renderer = renderer_for(request)
        response = HttpResponse(renderer.render(service_document(help_route)), content_type=renderer.media_type)
    patch_vary_headers(response, ["Accept"])
    return response


def service_document(help_route: str) -> dict[str, Any]:
    """Return the addresses from which a program finds everything else."""
    routes = {
        "api": "index",
        "documentation": "swagger",
        "schema": "schema",
        "authorization_server": "oauth2_provider:oauth-server-metadata",
        "guides": "documentation",
        "help": help_route,
        "sign_in": "sign-in",
        "staff_site": "admin:index",
    }
    return {"name": "CRM", **{name: f"{settings.BASE_URL}{reverse(route)}" for name, route in routes.items()}}


@require_safe
def api(request: HttpRequest) -> HttpResponse:
    """Lead people to the documentation of the API, and programs to the list of its resources."""
    response = redirect("swagger" if is_for_people(request) else "index")
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
def documentation(request: HttpRequest, help_route: str) -> HttpResponse:
    """List all that there is to read."""
    return render(request, "crm/documentation.html", {"guides": guides(), "help_route": help_route})


@require_safe
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a guide as it is written, in Markdown; only those that the list has."""
    if name not in dict(guides()):
        raise Http404(name)
    return HttpResponse((settings.BASE_DIR / "docs" / name).read_bytes(), content_type=TEXT)


@lru_cache(maxsize=1)
def guides() -> list[tuple[str, str]]:
    """Return name and title of each guide in the folder `docs` of this installation."""
    folder = settings.BASE_DIR / "docs"
    names = [name for name in FIRST_GUIDES if (folder / name).is_file()]
    names += sorted(path.relative_to(folder).as_posix() for path in (folder / "how-to").glob("*.md"))
    return [(name, title_of((folder / name).read_text("utf-8"))) for name in names]


def title_of(text: str) -> str:
    """Return the title of a page of Markdown, which is its first line."""
    return text.partition("\n")[0].removeprefix("# ")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead to the icon, which programs that read no pages ask for here."""
    return redirect(static("crm/favicon.ico"))


@require_safe
def robots(request: HttpRequest, help_route: str) -> HttpResponse:
    """Let robots read the pages of help, and nothing else (RFC 9309)."""
    return HttpResponse(f"User-agent: *\nAllow: {reverse(help_route)}\nDisallow: /\n", content_type=TEXT)


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Say whom to tell of a weakness (RFC 9116)."""
    until = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=SECURITY_TEXT_DAYS)
    lines = [
        *(f"Contact: {contact}" for contact in settings.SECURITY_CONTACT),
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {LANGUAGES}",
        f"Canonical: {settings.BASE_URL}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT)
