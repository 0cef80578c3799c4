"""Pages of the staff site that belong to no kind of record."""

from django.contrib import admin
from django.urls import path

from crm.admin.my_day import act, my_day

urlpatterns = [
    path("my-day/", admin.site.admin_view(my_day), name="my-day"),
    path("my-day/act/", admin.site.admin_view(act), name="act-on-task"),
]
