"""What visitors send through a form: read, judged, and told apart from what came already."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.signing import BadSignature
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm import signing
from crm.api.characters import refuse_control_characters, refuse_line_breaks, without_control_characters
from customers.admin.countries import countries
from sales.models import LeadForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from customers.actions import ContactDetails

SALT: Final = "sales.forms"
TRAP: Final = "homepage"  # people do not see it, and leave it empty
TOKEN: Final = "token"  # noqa: S105 -- the name of a field
CONSENT: Final = "consent"
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
LONGEST_UTM: Final = 200
LENGTHS: Final = {
    "name": 200,
    "given_name": 100,
    "family_name": 100,
    "email": 254,
    "phone": 50,
    "company": 200,
    "country": 2,
    "message": 10_000,
}
# What browsers fill in by themselves (HTML, section 4.10.18.7).
AUTOCOMPLETE: Final = {
    "name": "name",
    "given_name": "given-name",
    "family_name": "family-name",
    "email": "email",
    "phone": "tel",
    "company": "organization",
    "country": "country",
}


@dataclass(frozen=True)
class Shown:
    """What a visitor was shown: which form, the text they may agree to, and a number that no other showing has."""

    form: str
    wording: str
    number: str

    def token(self) -> str:
        """Return it signed, for the form to carry."""
        return signing.dumps([self.form, self.wording, self.number], salt=SALT, compress=True)


def shown_now(form: LeadForm, *, is_numbered: bool = True) -> Shown:
    """Return what a visitor is shown now; without a number where one text is shown to many, as in a pasted snippet."""
    wording = form.purpose.wording if form.purpose else ""
    return Shown(form.pk.hex, wording, secrets.token_urlsafe(12) if is_numbered else "")


def shown_by(form: LeadForm, token: str) -> Shown | None:
    """Return what a token says was shown; None where it is not one of this form."""
    try:
        shown = Shown(*signing.loads(token, salt=SALT))
    except (BadSignature, TypeError, ValueError):
        return None
    return shown if shown.form == form.pk.hex else None


class AnswerForm(forms.Form):
    """The answer to one form, with the fields that it shows."""

    error_css_class = "wrong"

    def __init__(self, form: LeadForm, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.lead_form = form
        self.shown = shown_by(form, str(data.get(TOKEN, ""))) if data is not None else None
        for name in form.asked:
            self.fields[name] = field_for(name, is_required=name in form.required_fields)
        if form.purpose is not None:
            self.fields[CONSENT] = forms.BooleanField(
                required=form.is_consent_required, label=str(form.purpose), help_text=form.purpose.explanation
            )

    def clean(self) -> dict[str, Any]:
        """Refuse an answer of nobody, and a consent to a text that nobody showed."""
        said = super().clean() or {}
        if not self.errors and not any(said.get(name) for name in LeadForm.TELLING):
            raise ValidationError(_("Please say who you are."), code="required")
        if said.get(CONSENT) and (self.shown is None or not self.shown.wording):
            text = _("Please send the form once more: the text that you agree to has changed.")
            self.add_error(CONSENT, ValidationError(text, code="text_not_shown"))
        return said

    def take(self, error: ValidationError) -> None:
        """Show what the rules of the data refused, beside its field or else above the form."""
        known = error.update_error_dict({})
        for name, messages in known.items():
            self.add_error(name if name in self.fields and name != NON_FIELD_ERRORS else None, messages)

    @property
    def contact(self) -> ContactDetails:
        """Who the sender says they are."""
        said: Any = {name: self.cleaned_data.get(name) for name in LENGTHS if name != "message"}
        return {name: value for name, value in said.items() if value}  # type: ignore[return-value]  # of known names

    @property
    def digest(self) -> str:
        """What tells this answer from others: the number of the form that was shown, and all that was said."""
        number = self.shown.number if self.shown else ""
        said = number + orjson.dumps(self.cleaned_data, option=orjson.OPT_SORT_KEYS).decode()
        return salted_hmac(SALT, said, secret=signing.keys()[0], algorithm="sha256").hexdigest()


def field_for(name: str, *, is_required: bool) -> forms.Field:
    """Return the form field of one that is asked."""
    known: dict[str, Any] = {
        "label": LeadForm.Field(name).label,
        "required": is_required,
        "max_length": LENGTHS[name],
        "validators": [refuse_control_characters, *([] if name == "message" else [refuse_line_breaks])],
    }
    attributes = {"autocomplete": AUTOCOMPLETE.get(name, "off")}
    if name == "email":
        return forms.EmailField(**known, widget=forms.EmailInput(attributes))
    if name == "message":
        return forms.CharField(**known, widget=forms.Textarea({"rows": 5}))
    if name == "phone":
        return forms.CharField(**known, widget=forms.TextInput({**attributes, "type": "tel"}))
    if name == "country":
        named = [("", ""), *countries(get_language() or "en")]
        return forms.ChoiceField(
            label=known["label"], required=is_required, choices=named, widget=forms.Select(attributes)
        )
    return forms.CharField(**known, widget=forms.TextInput(attributes))


def utm_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what the link said of the campaign."""
    found = {name: " ".join(str(data.get(name, "")).split())[:LONGEST_UTM] for name in UTM}
    return {name: without_control_characters(value) for name, value in found.items() if value}
