"""How articles are found: by their words, in the order of how well they fit, and by parts of words in any script.

PostgreSQL takes a run of Chinese, Japanese or Korean for one word. The functions of migration 0002 set each character
apart, so that what stands side by side in the question is looked for side by side, and is found by the index of words.
"""

from __future__ import annotations

import re
from typing import Any, Final, Self

from django.contrib.postgres.search import SearchQueryField, SearchRank
from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from crm.querysets import RecordQuerySet
from crm.search import SearchKey

# Around what was found. No text that people write has these characters, and a page escapes it all before it puts tags
# in their place.
BEGIN: Final = "\x02"
END: Final = "\x03"
APART: Final = "\x1f"  # between characters that the functions set apart
SNIPPET: Final = f"StartSel={BEGIN}, StopSel={END}, MaxWords=60, MinWords=30, ShortWord=0"


class Words(Func):
    """What a reader asks for: words, "word groups", -words that must not stand there, or."""

    function = "service_article_query"
    output_field = SearchQueryField()


class Has(Func):
    """True where a vector of words answers a question."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


class ArticleQuerySet(RecordQuerySet):
    def published(self) -> Self:
        """Keep what readers see."""
        return self.filter(state="published")

    def search(self, text: str) -> Self:
        """Keep what answers `text` by its words, or contains it; `rank` says how well, titles above all."""
        asked = Words(Value(text))
        key = Func(Value(text), function="crm_search_key")
        alike = Func(key, SearchKey("title"), function="word_similarity", output_field=FloatField())
        rank: Any = SearchRank(F("words"), asked, normalization=Value(1)) + alike
        return self.filter(Q(Has(F("words"), asked)) | Q(self.containing(text, F("search_key")))).annotate(rank=rank)

    def light(self) -> Self:
        """Leave unread what only the search needs."""
        return self.defer("words", "search_key")

    def in_language(self, language: str) -> Self:
        """Keep what is in a language, in whatever script or country, or in none that is said."""
        return self.filter(self.spoken(language))

    def theirs_first(self, language: str, *names: str) -> Self:
        """Order by these fields, but what is in a language before all else."""
        return self.order_by(Case(When(self.spoken(language), then=0), default=1), *names)

    @staticmethod
    def spoken(language: str) -> Q:
        """Return whether an article is in a language, or in none that is said (RFC 5646: its first part names it)."""
        first = re.escape(language.partition("-")[0])
        return Q(language="") | Q(language__iregex=f"^{first}(-|$)")

    def best_first(self) -> Self:
        """Order what was searched by how well it fits."""
        return self.order_by("-rank", "id")

    def with_snippet(self, text: str) -> Self:
        """Add, as `snippet`, the place of each article that answers `text`, marked with BEGIN, END and APART."""
        config = Func(F("language"), function="service_words_config")
        body = Func(F("body"), function="service_words_apart")
        options = Value(SNIPPET)
        shown = Func(config, body, Words(Value(text)), options, function="ts_headline", output_field=TextField())
        return self.annotate(snippet=shown)

    def with_votes(self) -> Self:
        """Add how many readers found each article helpful, and how many did not."""
        return self.annotate(helpful=votes(is_helpful=True), unhelpful=votes(is_helpful=False))


def votes(*, is_helpful: bool) -> Any:
    """Return how many readers said so of an article."""
    from service.models.votes import ArticleVote  # which refers to articles

    said = ArticleVote.objects.filter(article=OuterRef("pk"), is_helpful=is_helpful).order_by().values("article")
    counted = said.annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
