"""Questions about records."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, Value

from crm.about import kinds
from crm.database.expressions import ExistsForEach
from crm.search import Contains, SearchKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import User

LIKE_SPECIAL = re.compile(r"[\\%_]")


class Public:
    """A mixin for querysets of what everybody may see who may read the kind at all; what says nothing is an error."""

    def visible_to(self, user: User) -> Self:
        """Keep every row."""
        return self


class PublicQuerySet(Public, models.QuerySet[Any]):
    """Rows that everybody may see."""


class RecordQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the records that `user` may see; for everyone else they do not exist."""
        level = user.view_level(self.model)
        if level is None or user.pk is None:
            return self.none()
        if self.model.follows_about:
            return self._visible_about(user)
        if self.model.visible_through:
            return self._visible_through(self.model.visible_through, user)
        if level == "all":
            return self
        own = Q()
        for name in self.model.seen_by:
            own |= Q(**{name: user.pk})
        if level == "team" and user.team_id is not None:
            own |= Q(team=user.team_id)
        return self.filter(own)

    def _visible_through(self, name: str, user: User) -> Self:
        parent: Any = self.model._meta.get_field(name).related_model
        above = parent
        while user.view_level(above) == "all":  # who sees all that may stand above it, sees it without a look
            if not above.visible_through:
                return self
            above = above._meta.get_field(above.visible_through).related_model
        return self.filter(Exists(parent.objects.visible_to(user).filter(pk=OuterRef(name))))

    def _visible_about(self, user: User) -> Self:
        condition = Q(pk__in=[])
        for label, model in kinds().items():
            if user.view_level(model) is not None:
                seen = model.objects.visible_to(user).filter(pk=OuterRef("about_id"))
                condition |= Q(Q(about_type=label), ExistsForEach(seen))
        return self.filter(condition)

    def known_as(self, system: str, external_id: str) -> Self:
        """Keep the record that another system knows by this id."""
        return self.filter(external_references__system=system, external_references__external_id=external_id)

    def tagged(self, names: Iterable[str]) -> Self:
        """Keep the records that have any of these tags, in capitals or not."""
        from crm.models import Tag

        # The names themselves, not a subquery: by them the planner knows how many records there will be.
        return self.filter(tags__overlap=Tag.objects.as_written(names))

    def search(self, text: str) -> Self:
        """Keep the records that `?search=` and the search on the screens find; a kind may say so otherwise."""
        return self.filter(self.containing(text))

    def containing(self, text: str, key: Any = None) -> Contains:
        """Return whether the search fields, or their folded text in `key`, contain `text`: in any case and width."""
        key = key or SearchKey(*self.model.search_fields)
        pattern = LIKE_SPECIAL.sub(r"\\\g<0>", unicodedata.normalize("NFKC", text).strip())
        return Contains(key, Func(Value(pattern), function="crm_search_key"))
