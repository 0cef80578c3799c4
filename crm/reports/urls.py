"""Where reports are; applications have registered theirs before URLs are read."""

from django.urls import path

from crm.reports.api import ReportsViewSet, report_viewsets

urlpatterns = [
    path("reports", ReportsViewSet.as_view({"get": "list_reports"}), name="report-list"),
    *(
        path(f"reports/{name}", viewset.as_view({"get": operation}), name=f"report-{name}")
        for name, (viewset, operation) in report_viewsets().items()
    ),
]
