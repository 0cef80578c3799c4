"""The public page of a lead form: without scripts, alone or inside allowed web sites; scripts may send to it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.cache import patch_vary_headers
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.api.errors import problem_response
from crm.auth.addresses import client_address
from crm.auth.limits import count_address, count_use
from crm.headers import SECURE_CSP
from sales.actions import capture_answer
from sales.answers import CONSENT, TOKEN, TRAP, UTM, AnswerForm, shown_now, utm_of
from sales.models import LeadForm
from sales.models.forms import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from sales.actions.capture import Agreement

JSON: Final = "application/json"
FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}
HEADERS: Final = {"Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex", "Cache-Control": "no-store"}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Accept",
    "Access-Control-Max-Age": "600",
}
LONGEST_AGENT: Final = 300


class NotReadable(Exception):
    """The body is not what it says it is."""


# A form on somebody else's page can hold no token against forgery, and needs none: nobody is signed in here.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])
def lead_form(request: HttpRequest, key: str) -> HttpResponse:
    """Show a form, or take an answer; of a form that there is not, or that takes none, say only that."""
    form = LeadForm.objects.select_related("purpose", "owner__team", "team").filter(key=key, is_active=True).first()
    if form is None:
        return notice(request, 404, _("This form is not available"), _("Please look for a newer one on our web site."))
    response = answer(request, form)
    dress(request, form, response)
    return response


def answer(request: HttpRequest, form: LeadForm) -> HttpResponse:
    """Return what the request is answered with, before its headers."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT if request.headers.get("Origin") else {})
    is_too_many = count_address(request, "form").is_exceeded
    if is_too_many or (request.method == "POST" and count_use("form", form.key, settings.RATE_LIMIT_FORM).is_exceeded):
        return notice(request, 429, _("Too many requests"), _("Please try again in a minute."))
    if request.method == "POST":
        return taken(request, form)
    if "sent" in request.GET:
        return render(request, "sales/public/thanks.html", {"form": form, "text": thanks(form)})
    return description(form) if wants_json(request) else page(request, form, AnswerForm(form), utm_of(request.GET))


def taken(request: HttpRequest, form: LeadForm) -> HttpResponse:
    """Take an answer, if it comes from where it may; a machine that filled the trap hears what everybody hears."""
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source and not form.takes_from(origin_of(source)):
        text = _("The form may not be sent from this web site.")
        return notice(request, 403, _("Not allowed"), text)
    try:
        data = sent(request)
    except NotReadable:
        return notice(request, 400, _("The body cannot be read"), _("Send a form, or a JSON object of texts."))
    if data.get(TRAP):
        return received(request, form)
    said = AnswerForm(form, data)
    if said.is_valid() and captured(request, form, said, utm_of(data)):
        return received(request, form)
    return refused(request, said) if is_json(request) else page(request, form, said, utm_of(data), status=422)


def captured(request: HttpRequest, form: LeadForm, said: AnswerForm, utm: dict[str, str]) -> bool:
    """Make a lead of an answer; show in the form what the rules of the data refuse, and return False."""
    agreement: Agreement | None = None
    if said.cleaned_data.get(CONSENT) and said.shown is not None:
        agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))[:LONGEST_AGENT]
        agreement = {"evidence": said.shown.wording, "ip_address": client_address(request), "user_agent": agent}
    message = said.cleaned_data.get("message", "")
    known: dict[str, Any] = {"contact": said.contact, "message": message, "digest": said.digest}
    try:
        capture_answer(form=form, utm=utm, agreement=agreement, **known)
    except ValidationError as error:
        said.take(error)
        return False
    return True


def sent(request: HttpRequest) -> Mapping[str, Any]:
    """Return what was sent, text by text; raise NotReadable."""
    if not is_json(request):
        if request.content_type not in FORMS:
            raise NotReadable
        return request.POST.dict()
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise NotReadable from error
    known = {*LeadForm.Field.values, *UTM, CONSENT, TOKEN, TRAP}
    if not isinstance(body, dict) or not all(isinstance(value, str | bool) for value in body.values()):
        raise NotReadable
    if not body.keys() <= known:
        raise NotReadable
    return body


def received(request: HttpRequest, form: LeadForm) -> HttpResponse:
    """Thank the sender, whoever they are and whatever became of it."""
    if is_json(request):
        told = {"status": "received", "thank_you": thanks(form), "redirect_url": form.redirect_url or None}
        return JsonResponse(told, status=201)
    response = HttpResponseRedirect(form.redirect_url or f"{request.path}?sent")
    response.status_code = 303
    return response


def refused(request: HttpRequest, said: AnswerForm) -> HttpResponse:
    """Answer a script what is wrong with an answer, field by field."""
    entries = [
        {"pointer": "" if name == "__all__" else f"/{name}", "code": one.code or "invalid", "detail": text}
        for name, errors in said.errors.items()
        for one, text in zip(errors.as_data(), errors, strict=True)
    ]
    response = problem_response(request, 422)
    body = orjson.loads(response.content) | {"errors": entries}
    response.content = orjson.dumps(body)
    return response


def page(
    request: HttpRequest, form: LeadForm, said: AnswerForm, utm: dict[str, str], *, status: int = 200
) -> HttpResponse:
    """Show the form with what was typed; a form that is shown again keeps its number, so that it counts once."""
    shown = shown_now(form)
    if said.shown is not None and said.shown.wording == shown.wording and said.shown.number:
        shown = said.shown
    known = {"form": form, "answer": said, "token": shown.token(), "utm": utm, "trap": TRAP}
    return render(request, "sales/public/form.html", known, status=status)


def description(form: LeadForm) -> HttpResponse:
    """Describe the form to a script that shows it itself."""
    said = AnswerForm(form)
    fields = [
        {"name": name, "label": str(one.label), "is_required": one.required, "text": str(one.help_text)}
        for name, one in said.fields.items()
    ]
    told = {"title": form.title, "introduction": form.introduction, "fields": fields, TOKEN: shown_now(form).token()}
    return JsonResponse(told)


def notice(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Say in a few words why there is no form."""
    if is_json(request) or wants_json(request):
        return problem_response(request, status, detail=text)
    return render(request, "customers/public/link.html", {"title": title, "text": text}, status=status)


def dress(request: HttpRequest, form: LeadForm, response: HttpResponse) -> None:
    """Add the headers by which only allowed web sites show the form or send to it."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    policy = SECURE_CSP | {"frame-ancestors": form.allowed_origins or [CSP.NONE]}
    if form.redirect_url:  # browsers look at where a form leads in the end
        policy["form-action"] = [CSP.SELF, origin_of(form.redirect_url)]
    response._csp_config = policy  # type: ignore[attr-defined]  # read by Django's middleware
    response.xframe_options_exempt = True  # the policy says it more exactly
    origin = request.headers.get("Origin", "")
    patch_vary_headers(response, ["Origin", "Accept"])
    if origin in form.allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin


def thanks(form: LeadForm) -> str:
    """Return the text that a sender reads."""
    return form.thank_you or _("Thank you. We will be in touch soon.")


def is_json(request: HttpRequest) -> bool:
    """Tell whether the body is JSON."""
    return request.content_type == JSON


def wants_json(request: HttpRequest) -> bool:
    """Tell whether JSON is asked for rather than a page."""
    return request.get_preferred_type(["text/html", JSON]) == JSON


urlpatterns = [path("forms/<slug:key>", lead_form, name="lead-form")]
