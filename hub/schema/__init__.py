"""The catalogue as a GraphQL schema: generated with Strawberry from a snapshot, one type for every resource."""
