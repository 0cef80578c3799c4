"""Service in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from service.admin import (  # noqa: F401 -- they register screens
    configuration,
    drafts,
    knowledge,
    messages,
    overview,
    surveys,
    tickets,
)
from service.models import (
    Agent,
    Alert,
    Article,
    ArticleVote,
    BusinessHours,
    CannedReply,
    Category,
    Draft,
    IncomingMail,
    Queue,
    SLAPolicy,
    SurveyAnswer,
    SurveyRequest,
    Ticket,
)

add_section(
    Section(
        title=_("Service"),
        order=40,
        items=[
            Item(_("Tickets"), "confirmation_number", Ticket),
            Item(_("My drafts"), "edit_note", Draft),
            Item(_("Canned replies"), "quickreply", CannedReply),
            Item(_("Articles"), "menu_book", Article),
            Item(_("Article categories"), "shelves", Category),
            Item(_("Readers' votes"), "thumb_up", ArticleVote),
            Item(_("Survey answers"), "thumbs_up_down", SurveyAnswer),
            Item(_("Survey requests"), "outgoing_mail", SurveyRequest),
            Item(_("Queues"), "inbox", Queue),
            Item(_("Agents"), "support_agent", Agent),
            Item(_("Business hours"), "schedule", BusinessHours),
            Item(_("SLA policies"), "timer", SLAPolicy),
            Item(_("Incoming e-mail"), "mail", IncomingMail),
            Item(_("SLA alerts"), "notification_important", Alert),
        ],
    )
)
