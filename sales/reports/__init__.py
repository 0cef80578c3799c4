"""Reports about sales; importing them offers them. What each figure means: docs/how-to/sales-reports.md."""

from sales.reports import closed, forecast, leads, pipeline, stages

__all__ = ["closed", "forecast", "leads", "pipeline", "stages"]
