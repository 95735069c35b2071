"""Which key says what, in each kind of tag; the first that says anything is used."""

from __future__ import annotations

from typing import Final

Keys = dict[str, tuple[str, ...]]

_APE_STYLE: Final[Keys] = {
    "title": ("title",),
    "artists": ("artists", "artist"),
    "albumartist": ("albumartist", "album artist", "album_artist", "ensemble"),
    "album": ("album",),
    "track_number": ("tracknumber", "track", "part_number"),
    "track_total": ("tracktotal", "totaltracks", "total_parts"),
    "disc_number": ("discnumber", "disc"),
    "disc_total": ("disctotal", "totaldiscs"),
    "date": ("date", "year", "date_released", "releasedate", "release date"),
    "original_date": (
        "originaldate",
        "original date",
        "original release date",
        "originalreleasedate",
        "originalyear",
        "original year",
        "origyear",
        "origdate",
    ),
    "genres": ("genre",),
    "compilation": ("compilation", "itunescompilation"),
}

FACT_KEYS: Final[dict[str, Keys]] = {
    "ID3v2": {
        "title": ("tit2",),
        "artists": ("txxx:artists", "tpe1"),
        "albumartist": ("tpe2", "txxx:albumartist", "txxx:album artist"),
        "album": ("talb",),
        "track_number": ("trck",),
        "track_total": ("txxx:tracktotal", "txxx:totaltracks"),
        "disc_number": ("tpos",),
        "disc_total": ("txxx:disctotal", "txxx:totaldiscs"),
        "date": ("tdrc", "tyer+tdat", "tyer", "tdrl", "txxx:date", "txxx:year"),
        "original_date": (
            "tdor",
            "txxx:originaldate",
            "txxx:originalyear",
            "tory",
            "txxx:original year",
            "txxx:origyear",
        ),
        "genres": ("tcon",),
        "compilation": ("tcmp", "txxx:compilation"),
    },
    "ID3v1": {
        "title": ("title",),
        "artists": ("artist",),
        "album": ("album",),
        "track_number": ("track",),
        "date": ("year",),
        "genres": ("genre",),
    },
    "Vorbis": _APE_STYLE,
    "APEv2": _APE_STYLE,
    "Matroska": _APE_STYLE,
    "libav": _APE_STYLE,
    "MP4": {
        "title": ("©nam",),
        "artists": ("----:com.apple.itunes:artists", "©art"),
        "albumartist": ("aart", "----:com.apple.itunes:albumartist"),
        "album": ("©alb",),
        "track_number": ("trkn",),
        "track_total": (),
        "disc_number": ("disk",),
        "disc_total": (),
        "date": ("©day", "----:com.apple.itunes:date", "----:com.apple.itunes:year"),
        "original_date": (
            "----:com.apple.itunes:originaldate",
            "----:com.apple.itunes:original date",
            "----:com.apple.itunes:originalyear",
            "----:com.apple.itunes:original year",
        ),
        "genres": ("©gen",),
        "compilation": ("cpil",),
    },
    "ASF": {
        "title": ("title",),
        "artists": ("wm/artists", "author", "wm/author"),
        "albumartist": ("wm/albumartist",),
        "album": ("wm/albumtitle",),
        "track_number": ("wm/tracknumber",),
        "track_total": ("tracktotal", "totaltracks"),
        "disc_number": ("wm/partofset",),
        "disc_total": ("disctotal",),
        "date": ("wm/year", "wm/date"),
        "original_date": (
            "wm/originalreleasetime",
            "wm/originalreleaseyear",
            "originaldate",
            "originalyear",
        ),
        "genres": ("wm/genre",),
        "compilation": ("wm/iscompilation",),
    },
    "RIFF": {
        "title": ("inam",),
        "artists": ("iart",),
        "albumartist": ("iaar",),
        "album": ("iprd",),
        "track_number": ("itrk", "iprt", "trck"),
        "date": ("icrd", "year"),
        "genres": ("ignr",),
    },
}
