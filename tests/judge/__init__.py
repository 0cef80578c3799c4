"""Programs that nobody here wrote judge the API: Spectral, Redocly and Schemathesis."""
