"""Forms of numbers and dates that Django has otherwise; see https://docs.djangoproject.com/en/stable/topics/i18n/formatting/."""
