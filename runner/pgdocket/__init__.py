"""pgdocket: a task docket for AI-driven CI/CD that lives inside PostgreSQL."""

__version__ = "0.1.0"
