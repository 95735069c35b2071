"""Audio files as streams of float32 blocks.

`open_audio` chooses the decoder; `encode` writes audio. See docs/decoding.md.
"""

from scanner.decode.encoder import encode
from scanner.decode.stream import AudioStream, open_audio
from scanner.ffmpeg import ffmpeg_path

__all__ = ["AudioStream", "encode", "ffmpeg_path", "open_audio"]
