"""The pages of help: what is published of the knowledge base, for everybody, without an account and without scripts.

Each page has a form, to choose the language or to vote, with a token of the visitor's: so browsers keep it, shared
caches do not. They ask whether it has changed, which the token has no part in.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.core.signing import BadSignature
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.auth.limits import count_address, count_use
from crm.signing import cookie_signer
from service.actions import rate_article
from service.knowledge import beside, languages_besides, results_of, shelf_of, shelves
from service.models import Article, ArticleVote, Category
from service.refused_pages import too_many
from service.rendering import as_html

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COOKIE: Final = "help_reader"
SALT: Final = "service.help_pages"
COOKIE_SECONDS: Final = 365 * 24 * 60 * 60
LONGEST: Final = 200
NUMBER: Final = re.compile("[1-9][0-9]{0,2}")
LANGUAGE: Final = re.compile("[A-Za-z0-9-]{2,20}")
TOKEN: Final = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show the shelves, one shelf, or what was searched for."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    language = request.GET.get("language", "")
    language = language if LANGUAGE.fullmatch(language) else ""
    number = page_number(request)
    if text:
        return searched(request, text, number)
    if "category" in request.GET:
        return one_shelf(request, number)
    found = shelves(language or str(request.LANGUAGE_CODE), or_any=not language)
    known: dict[str, Any] = {"shelves": found, "others": languages_besides(language or str(request.LANGUAGE_CODE))}
    address = f"{reverse('help')}?language={language}" if language else reverse("help")
    return shown(request, "help", canonical=address, title=_("Help"), **known)


def searched(request: HttpRequest, text: str, number: int) -> HttpResponse:
    """Show what was found; only this costs the database some work, so only this is counted."""
    if count_address(request, "help search").is_exceeded:
        return too_many(request)
    found, has_more = results_of(text, number)
    known: dict[str, Any] = {"text": text, "results": found, "next_page": number + 1 if has_more else 0}
    response = shown(request, "help_search", title=_("Search: %s") % text, **known)
    response.headers["X-Robots-Tag"] = "noindex, follow"
    return response


def one_shelf(request: HttpRequest, number: int) -> HttpResponse:
    """Show all that stands on a shelf."""
    try:
        category = Category.objects.filter(pk=UUID(request.GET["category"])).first()
    except ValueError:
        category = None
    found, has_more = shelf_of(category, str(request.LANGUAGE_CODE), number) if category else ([], False)
    if category is None or not found:
        return missing(request)
    address = f"{reverse('help')}?category={category.pk}"
    known = {"category": category, "articles": found, "next_page": number + 1 if has_more else 0}
    return shown(request, "help_shelf", canonical=address, title=category.name, **known)


@require_http_methods(["GET", "HEAD", "POST"])
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an article, or note whether it helped; one that is not published is not there."""
    found = Article.objects.published().light().select_related("category").filter(slug=slug).first()
    if found is None:
        return missing(request)
    return voted(request, found) if request.method == "POST" else page(request, found)


def page(request: HttpRequest, found: Article, **more: Any) -> HttpResponse:
    """Answer the page of an article, with what its reader said of it before."""
    reader = reader_of(request)
    said = ArticleVote.objects.filter(article=found, visitor=reader).first() if reader else None
    known = {
        "article": found,
        "body": as_html(found.body),
        "besides": beside(found),
        "said": said,
        "is_voted": said is not None and "voted" in request.GET,
        **more,
    }
    address = reverse("help-article", args=(found.slug,))
    return shown(request, "help_article", canonical=address, title=found.title, **known)


def voted(request: HttpRequest, found: Article) -> HttpResponse:
    """Note what a reader says, and show the page again."""
    is_too_many = count_address(request, "help votes").is_exceeded
    if is_too_many or count_use("help", found.pk.hex, settings.RATE_LIMIT_FORM).is_exceeded:
        return too_many(request)
    vote = request.POST.get("vote")
    if vote not in {"yes", "no"}:
        return page(request, found, status=422, error=_("Please choose yes or no."))
    reader = reader_of(request) or uuid4()
    rate_article(article=found, visitor=reader, is_helpful=vote == "yes")
    response = redirect(f"{request.path}?voted#helpful")
    response.set_cookie(
        COOKIE,
        cookie_signer(COOKIE, SALT).sign(reader.hex),
        max_age=COOKIE_SECONDS,
        path=reverse("help"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def reader_of(request: HttpRequest) -> UUID | None:
    """Return the number by which a reader's votes are known; None for who has not voted, or has no cookie of ours."""
    try:
        return UUID(cookie_signer(COOKIE, SALT).unsign(request.COOKIES[COOKIE], max_age=COOKIE_SECONDS))
    except (KeyError, BadSignature, ValueError):
        return None


def page_number(request: HttpRequest) -> int:
    """Return which page of a list is asked for; the first where that cannot be read."""
    text = request.GET.get("page", "")
    return int(text) if NUMBER.fullmatch(text) else 1


def missing(request: HttpRequest, **_rest: str) -> HttpResponse:
    """Say that there is no such page, and offer the search."""
    response = shown(request, "help_missing", status=404, title=_("This page is not there"))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def shown(
    request: HttpRequest, template: str, *, status: int = 200, canonical: str = "", **context: Any
) -> HttpResponse:
    """Answer a page, or 304 to a browser that has it."""
    context["canonical"] = f"{settings.BASE_URL}{canonical}" if canonical else ""
    response = render(request, f"service/public/{template}.html", context, status=status)
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    if response.status_code != HTTPStatus.OK:
        return response
    said = TOKEN.sub(b"", response.content) + str(request.META.get("CSRF_COOKIE")).encode()
    tag = f'"{blake2b(said, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = tag
    return get_conditional_response(request, etag=tag, response=response) or response


urlpatterns = [
    path("help/", front, name="help"),
    path("help/<slug:slug>", article, name="help-article"),
    path("help/<path:rest>", missing),
]
