"""Templates over REST."""

from __future__ import annotations

from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet
from marketing.models import Template


class TemplateSerializer(RecordSerializer):
    class Meta:
        model = Template
        fields = (*COMMON, "name", "subject", "preheader", "html", "text")


class TemplateViewSet(RecordViewSet):
    """Messages with placeholders in Liquid, such as `{{ customer.first_name | default: "there" }}`.

    A template with an error is refused, with the line. Placeholders are `customer.name`, `first_name`, `last_name`,
    `email`, `company`, `job_title`, `language` and `country`, `campaign.name`, `sender.name`, `sender.email`,
    `unsubscribe_url` and `preferences_url`.
    """

    queryset = Template.objects.all()
    serializer_class = TemplateSerializer
    scope = "marketing"
    filterset_fields = {"name": ["exact"]}
    ordering_fields = ["name"]
