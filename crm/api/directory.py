"""Colleagues and teams: whom a record can be given to."""

from rest_framework import serializers

from crm.api.permissions import HasScope
from crm.api.viewsets import ShapedViewSet
from crm.models import Team, User


class TeamSerializer(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("id", "name", "manager")
        read_only_fields = fields


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "username", "first_name", "last_name", "email", "team", "is_active")
        read_only_fields = fields


class TeamViewSet(ShapedViewSet):
    """Teams of colleagues who share their records."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
    permission_classes = [HasScope]
    scope = "directory"
    common_filters = {"id": ["in"]}
    filterset_fields = {"name": ["exact"], "manager": ["exact"]}
    ordering_fields = ["name"]


class UserViewSet(ShapedViewSet):
    """Colleagues, and the service accounts of programs."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    permission_classes = [HasScope]
    scope = "directory"
    common_filters = {"id": ["in"]}
    filterset_fields = {
        "username": ["exact"],
        "email": ["exact"],
        "team": ["exact", "isnull"],
        "is_active": ["exact"],
    }
    ordering_fields = ["username"]
