"""The catalog: one database file that holds everything; the only speaker of SQL."""
