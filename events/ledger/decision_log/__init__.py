"""The decision log in the database: appended to by the transaction that decides, and read for tiles and proofs."""
