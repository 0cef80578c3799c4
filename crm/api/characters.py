"""Characters that no text may hold, because XML 1.0 (section 2.2) or PostgreSQL cannot carry them; nor one line."""

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

refuse_control_characters = RegexValidator(
    CONTROL, _("Control characters are not allowed."), code="control_characters", inverse_match=True
)
LINE_BREAK = re.compile(r"[\n\v\f\r\x85\u2028\u2029]")  # what ends a line in Unicode (UAX #14, BK, CR, LF and NL)

refuse_line_breaks = RegexValidator(
    LINE_BREAK, _("Line breaks are not allowed here."), code="line_breaks", inverse_match=True
)


def without_control_characters(text: str) -> str:
    """Return the text with the replacement character in their place."""
    return CONTROL.sub("\ufffd", text)
