"""sonicat: one command group over scan, classify, report and the catalog."""
