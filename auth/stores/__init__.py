"""Embedded stores of auth: clients, grants, keys and the audit trail in SQLite."""
