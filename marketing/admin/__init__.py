"""Marketing in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from marketing.admin import segments  # noqa: F401 -- it registers screens
from marketing.models import Segment

add_section(Section(title=_("Marketing"), order=30, items=[Item(_("Segments"), "groups", Segment)]))
