"""Reports: stored predictions as tables, one module for a subject."""
