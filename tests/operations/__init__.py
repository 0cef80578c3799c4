"""The page on operation, done from an empty folder: PostgreSQL, nginx, gunicorn and a worker, as in production."""
