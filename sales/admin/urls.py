"""Pages of sales in the staff site that belong to no kind of record."""

from django.contrib import admin
from django.urls import path

from sales.admin.board import board, move

urlpatterns = [
    path("pipeline/", admin.site.admin_view(board), name="pipeline-board"),
    path("pipeline/<uuid:pk>/move/", admin.site.admin_view(move), name="move-deal"),
]
