"""Who may ask for what: clients, tokens, grants, decisions, audit. Imports only `catalogue`."""
