"""Characters that no text may hold, because XML 1.0 (section 2.2) or PostgreSQL cannot carry them."""

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

refuse_control_characters = RegexValidator(
    CONTROL, _("Control characters are not allowed."), code="control_characters", inverse_match=True
)


def without_control_characters(text: str) -> str:
    """Return the text with the replacement character in their place."""
    return CONTROL.sub("\ufffd", text)
