"""Names of people, cut in two."""

from __future__ import annotations

import re
from typing import Final

PARTICLES: Final = re.compile(
    r"a[flmnv]|ben|bin|d'|dal?|de|degli|dei|della?|de[nrs]|di|dos?|du|el|ibn|las?|le|los|te[nr]|van|v[eo]n|vom|y|zu|zum|zur",
    re.IGNORECASE,
)
CJK: Final = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]+")
TWO_CHARACTER_FAMILIES: Final = re.compile(
    "欧阳|歐陽|太史|端木|上官|司[马馬徒空]|东方|東方|独孤|南[宫宮]|万俟|闻人|夏侯|[诸諸]葛|尉[迟遲]|公[羊冶]|赫连|皇甫|宗政|"
    "太叔|申屠|公[孙孫]|慕容|仲孙|钟离|[长長][孙孫]|宇文|鲜于|令狐|百里|东郭|南门|呼延|남궁|황보|제갈|선우"
)


def split_name(name: str) -> tuple[str, str]:
    """Return the given and the family name in `name`; what cannot be told apart is the given name.

    The family name is the last word with the particles before it ("Isabel", "de Castro"), what stands before a
    comma ("Castro, Isabel"), or in Chinese and Korean characters the first one or the first two.
    """
    name = " ".join(name.split())
    family, comma, given = name.partition(",")
    if comma and given.strip():
        return given.strip(), family.strip()
    if CJK.fullmatch(name) and len(name) > 1:
        cut = 2 if len(name) > 2 and TWO_CHARACTER_FAMILIES.match(name) else 1  # noqa: PLR2004 -- two characters
        return name[cut:], name[:cut]
    words = name.split(" ")
    if len(words) == 1:
        return name, ""
    start = len(words) - 1
    while start > 1 and PARTICLES.fullmatch(words[start - 1]):
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])
