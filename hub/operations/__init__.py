"""The hand-written GraphQL nouns: what every record carries, the catalogue, access, feeds."""
