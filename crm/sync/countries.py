"""Countries as people write them."""

from __future__ import annotations

import gettext
import re
import unicodedata
from functools import cache
from typing import Final

ALIASES: Final = {
    "uk": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "us": "US",
    "america": "US",
    "united states of america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "russia": "RU",
    "россия": "RU",
    "turkey": "TR",
    "turkiye": "TR",
    "ivory coast": "CI",
    "czechia": "CZ",
    "macedonia": "MK",
    "swaziland": "SZ",
    "burma": "MM",
    "cape verde": "CV",
    "east timor": "TL",
    "republic of ireland": "IE",
    "eire": "IE",
    "south korea": "KR",
    "north korea": "KP",
    "vatican": "VA",
    "uae": "AE",
    "prc": "CN",
    "brasil": "BR",
    "中国大陆": "CN",
    "英国": "GB",
    "台湾": "TW",
}
# The languages whose names of countries are read besides English.
LANGUAGES: Final = (
    "de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb_NO", "fi", "pl", "cs", "hu", "ro", "tr", "el", "ru", "uk",
    "ja", "ko", "zh_CN", "zh_TW",
)  # fmt: skip


def folded(text: str) -> str:
    """Return `text` without what people vary: case, accents, full stops and spacing."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter) and letter != ".")
    return re.sub(r"\s+", " ", plain).strip()


@cache
def known_names() -> dict[str, str]:
    """Return the ISO 3166-1 code of every folded name; English names win over those of other languages."""
    import pycountry

    names: dict[str, str] = {}
    for language in LANGUAGES:
        translate = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language]).gettext
        for country in pycountry.countries:
            for text in (country.name, getattr(country, "common_name", country.name)):
                names.setdefault(folded(translate(text)), country.alpha_2)
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name", "alpha_3", "alpha_2"):
            names[folded(getattr(country, field, country.alpha_2))] = country.alpha_2
    return names | {folded(name): code for name, code in ALIASES.items()}


@cache
def country_code(text: str) -> str:
    """Return the ISO 3166-1 code of the country that `text` names in any usual way; raise LookupError if unknown."""
    return known_names()[folded(text)]
