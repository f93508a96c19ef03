"""Everything that is kept, and all the queries: PostgreSQL, one transaction for each use case."""
