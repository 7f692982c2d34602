"""The sql connector: a table, a view or a query of a SQLite or PostgreSQL database as one source."""
