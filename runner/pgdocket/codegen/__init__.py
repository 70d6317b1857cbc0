"""What the public functions look like, read from a database's catalog, and the code made of it."""
