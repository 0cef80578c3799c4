"""Lead forms over REST; visitors' answers come to `/forms/{key}`, which needs no token."""

from __future__ import annotations

from sales.api.pipelines import ConfigurationSerializer, ConfigurationViewSet
from sales.models import LeadForm


class LeadFormSerializer(ConfigurationSerializer):
    class Meta:
        model = LeadForm
        fields = (
            "id",
            "name",
            "key",
            "title",
            "introduction",
            "asked_fields",
            "required_fields",
            "source",
            "owner",
            "team",
            "allowed_origins",
            "thank_you",
            "redirect_url",
            "purpose",
            "is_consent_required",
            "is_active",
        )
        read_only_fields = ("key",)

    def completed(self) -> tuple[str, ...]:
        """Return the fields that the model's `clean` fills."""
        return ("asked_fields", "required_fields")


class LeadFormViewSet(ConfigurationViewSet):
    """Forms on web sites, whose answers become leads.

    Visitors see a form, and send it, at `/forms/{key}`, without a token; a script may send JSON there.
    """

    queryset = LeadForm.objects.all()
    serializer_class = LeadFormSerializer
    filterset_fields = {"is_active": ["exact"], "name": ["exact"]}
    says = {
        "create": "Add a form; its key is made here.",
        "partial_update": "Change a form, or take it out of use; its key stays.",
        "destroy": "Delete a form through which no lead came; retire any other.",
    }
