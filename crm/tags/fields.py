"""The tags of a record as clients write and filter by them."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm.models.tags import FORM, LONGEST, MOST, NOT_SO, as_known


class TagsField(serializers.ListField):
    """A list of names; one that there is not yet becomes a tag, one written with other capitals is that tag."""

    child = serializers.CharField(max_length=LONGEST, trim_whitespace=False, validators=[RegexValidator(FORM, NOT_SO)])

    def __init__(self, **options: Any) -> None:
        """Take what any field takes."""
        super().__init__(required=False, max_length=MOST, help_text=_("Words by which colleagues find it."), **options)

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the tags as the list of tags writes them; raise ValidationError for what is no list of texts."""
        if isinstance(data, list):
            wrong = [place for place, item in enumerate(data) if not isinstance(item, str)]
            if wrong:
                text = ErrorDetail(str(_("A text is expected.")), code="wrong_type")
                raise ValidationError({str(place): [text] for place in wrong})
        return as_known(super().to_internal_value(data), self.context.get("known", {}).get("tags"))


class TagFilter(django_filters.Filter):
    """Keeps the records that have a tag, in capitals or not."""

    field_class = forms.CharField

    def filter(self, qs: Any, value: Any) -> Any:
        """Return the records that have the tag, or any of several."""
        return qs.tagged([value] if isinstance(value, str) else value) if value else qs


class TagInFilter(django_filters.BaseInFilter, TagFilter):
    """Keeps the records that have any of some tags."""
