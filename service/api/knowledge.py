"""The knowledge base, replies kept ready, and how customers judged, over REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import validate_slug
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.characters import refuse_control_characters
from crm.api.representation import SQLField
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet
from service.models import Article, CannedReply, Category, SurveyAnswer
from service.models.searching import votes


class CategorySerializer(RecordSerializer):
    class Meta:
        model = Category
        fields = (*COMMON, "name", "description", "position")


class CategoryViewSet(RecordViewSet):
    """The shelves of the knowledge base."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    scope = "service"
    filterset_fields = {"name": ["exact"]}
    ordering_fields = ["position"]
    natural_keys = ("name",)


class ArticleSerializer(RecordSerializer):
    helpful = SQLField(
        votes(is_helpful=True), serializers.IntegerField(min_value=0), help_text=_("How many readers it helped.")
    )
    unhelpful = SQLField(
        votes(is_helpful=False),
        serializers.IntegerField(min_value=0),
        help_text=_("How many readers said that it did not help."),
    )

    class Meta:
        model = Article
        fields = (
            *COMMON,
            "category",
            "title",
            "slug",
            "summary",
            "body",
            "language",
            "state",
            "published_at",
            "helpful",
            "unhelpful",
        )
        read_only_fields = ("published_at",)
        # Whether it is taken, the database says, without a query and without a race.
        extra_kwargs: ClassVar[dict[str, Any]] = {"slug": {"validators": [validate_slug, refuse_control_characters]}}


class ArticleViewSet(RecordViewSet):
    """Articles of the knowledge base, drafts among them."""

    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    scope = "service"
    search_text = _(
        'With these words, of English ones in any form, or containing this text. `"word group"`, `-without`, `or`.'
    )
    filterset_fields = {
        "category": ["exact", "in"],
        "slug": ["exact", "in"],
        "language": ["exact"],
        "state": ["exact"],
    }
    ordering_fields = ["title"]
    natural_keys = ("slug",)


class CannedReplySerializer(RecordSerializer):
    class Meta:
        model = CannedReply
        fields = (*COMMON, "name", "body", "queue")


class CannedReplyViewSet(RecordViewSet):
    """Replies kept ready, with places that are filled in."""

    queryset = CannedReply.objects.all()
    serializer_class = CannedReplySerializer
    scope = "service"
    filterset_fields = {"name": ["exact"], "queue": ["exact", "in", "isnull"]}
    ordering_fields = ["name"]


class SurveyAnswerSerializer(RecordSerializer):
    class Meta:
        model = SurveyAnswer
        fields = (*COMMON, "ticket", "resolution", "score", "comment", "answered_at")


class SurveyAnswerViewSet(RecordViewSet):
    """How customers judged the answers to their tickets; they say so themselves, nobody changes it."""

    queryset = SurveyAnswer.objects.all()
    serializer_class = SurveyAnswerSerializer
    scope = "service"
    withheld = frozenset({"create", "update", "partial_update", "upsert", "batch", "restore"})
    filterset_fields = {
        "ticket": ["exact", "in"],
        "score": ["exact", "gte", "lte"],
        "answered_at": ["gt", "gte", "lt", "lte"],
    }
    ordering_fields = ["answered_at"]
