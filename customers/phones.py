"""Phone numbers."""


def e164(number: str, country: str) -> str:
    """Return `number`, dialled from `country` (ISO 3166-1, or empty), in E.164 form; empty if it cannot be read."""
    if not number:
        return ""
    import phonenumbers  # its tables take their time, which most commands need not spend

    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
