"""The running service: pulls records, answers GraphQL, follows changes. May import the other three packages."""
