"""Audio files: identified, hashed, decoded and encoded."""
