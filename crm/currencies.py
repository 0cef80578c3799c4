"""The currencies of ISO 4217, and the one of reports."""

from __future__ import annotations

import re
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# The currencies of ISO 4217 that are in use, without metals, bonds and testing codes.
CURRENCIES: Final = frozenset(
    re.findall(
        "[A-Z]{3}",
        """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG
XOF XPF YER ZAR ZMW ZWG
""",
    )
)
CURRENCY_CODE: Final = r"^[A-Z]{3}$"


def known_currency(value: str) -> None:
    """Refuse what is no currency of ISO 4217 in use."""
    if value not in CURRENCIES:
        raise ValidationError(_("Use a currency code of ISO 4217, such as EUR."), code="unknown_currency")


def reporting_currency() -> str:
    """Return the currency in which sums over several currencies are shown."""
    return settings.REPORTING_CURRENCY


def currency_field(name: Any, help_text: Any) -> models.CharField[str, str]:
    """Return a field for a currency by its code of ISO 4217; the one of reports unless said otherwise."""
    return models.CharField(
        name, max_length=3, default=reporting_currency, validators=[known_currency], help_text=help_text
    )
