"""A text of one line, such as a name, a subject or a title, holds no line break: by whichever door it comes.

What is kept as text of many lines is a TextField; every CharField is one line. The rule stands on the fields, so that
serializers, forms, imports and the ERP all ask it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Field

from crm.api.characters import refuse_line_breaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from django.db.models import Model


class LineField(forms.CharField):
    """A text of one line in a form that is of no model."""

    default_validators = [*forms.CharField.default_validators, refuse_line_breaks]


def keep_to_one_line() -> None:
    """Put the rule on the fields of all models: it is part of what a field of this kind is, and of no migration."""
    for model in apps.get_models():
        for field in lines_of(model):
            if refuse_line_breaks not in field.validators:
                field.validators.append(refuse_line_breaks)  # as Django adds that of `max_length`


def lines_of(model: type[Model]) -> Iterator[Field[Any, Any]]:
    """Yield the fields of a model that hold texts of one line, alone or several."""
    for field in model._meta.concrete_fields:
        one = field.base_field if isinstance(field, ArrayField) else field
        if isinstance(one, CharField):
            yield one
