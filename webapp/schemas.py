"""The shapes of what the interface for programs answers, as JSON Schema."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer"}
SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
FLAG: dict[str, Any] = {"type": "boolean"}


def ref(name: str) -> dict[str, Any]:
    """Return a reference to one of `schemas`."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def schemas() -> dict[str, Any]:
    """Return every schema that has a name."""
    nullable_text = {"type": ["string", "null"]}
    nullable_number = {"type": ["number", "null"]}
    return {
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": TEXT},
        },
        "Drawing": {
            "type": "object",
            "required": ["drawing"],
            "properties": {"drawing": SHARE},
        },
        "Map": {
            "type": "object",
            "required": ["level", "chart", "points", "tracks", "said", "features"],
            "properties": {
                "level": {"enum": ["tracks", "windows"]},
                "chart": TEXT,
                "points": {
                    "type": "object",
                    "required": ["track", "x", "y", "approximate"],
                    "properties": {
                        "track": list_of(WHOLE),
                        "x": list_of(NUMBER),
                        "y": list_of(NUMBER),
                        "approximate": list_of(WHOLE),
                        "start_s": list_of(NUMBER),
                    },
                },
                "tracks": {"type": "object"},
                "said": {"type": ["object", "null"]},
                "features": list_of(TEXT),
            },
        },
        "Track": {
            "type": "object",
            "required": ["id", "path", "status"],
            "properties": {
                "id": WHOLE,
                "title": nullable_text,
                "artist": nullable_text,
                "album": nullable_text,
                "year": {"type": ["integer", "null"]},
                "genre": nullable_text,
                "path": TEXT,
                "duration_s": nullable_number,
                "codec": nullable_text,
                "loudness_lufs": nullable_number,
                "status": {"enum": ["present", "missing"]},
                "analysis": {"enum": ["ok", "silent", "too_short", None]},
            },
        },
        "Neighbour": {
            "type": "object",
            "required": ["id", "title", "distance"],
            "properties": {"id": WHOLE, "title": TEXT, "distance": NUMBER},
        },
        "Table": {
            "type": "object",
            "required": ["title", "source", "rows", "total", "notes"],
            "properties": {
                "title": TEXT,
                "source": {"type": "object"},
                "rows": list_of({"type": "object"}),
                "total": {"type": ["object", "null"]},
                "notes": list_of(TEXT),
            },
        },
        "Job": {
            "type": "object",
            "required": ["job", "phase", "verdict", "error"],
            "properties": {
                "job": TEXT,
                "phase": {
                    "enum": ["waiting", "analysing", "judging", "done", "failed"]
                },
                "done_s": nullable_number,
                "of_s": nullable_number,
                "verdict": {"type": ["object", "null"]},
                "error": nullable_text,
            },
        },
    }
