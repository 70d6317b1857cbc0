"""A Sqitch-compatible change engine for PostgreSQL."""
