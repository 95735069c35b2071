"""Worker processes: how files are analysed in parallel, and what survives a crash."""
