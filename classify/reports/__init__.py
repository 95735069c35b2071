"""What stored predictions say, as tables: one module a report, none of them prints."""
