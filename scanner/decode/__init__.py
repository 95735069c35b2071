"""Audio files as streams of float32 blocks.

`open_audio` chooses the decoder; `encode` writes audio. See docs/decoding.md.
"""
