"""Pages of the staff site that belong to no kind of record."""

from django.contrib import admin
from django.urls import path

from crm.admin.my_day import act, my_day
from crm.admin.passwords import change_password
from crm.admin.reports import report, reports
from crm.admin.views import delete_view, save_view

urlpatterns = [
    path("my-day/", admin.site.admin_view(my_day), name="my-day"),
    path("my-day/act/", admin.site.admin_view(act), name="act-on-task"),
    path("password_change/", admin.site.admin_view(change_password, cacheable=True), name="change-password"),
    path("reports/", admin.site.admin_view(reports), name="reports"),
    path("reports/<slug:name>/", admin.site.admin_view(report), name="report"),
    path("views/save/", admin.site.admin_view(save_view), name="save-view"),
    path("views/delete/", admin.site.admin_view(delete_view), name="delete-view"),
]
