"""The views of schema 0001, in SQL that SQLite and PostgreSQL both take."""

from __future__ import annotations

_NEWEST_ANALYSIS = """(
        SELECT max(newest.id) FROM analyses AS newest
        WHERE newest.payload_id = tracks.payload_id AND newest.variant = 'original'
    )"""

V_TRACKS = f"""
CREATE VIEW v_tracks AS
SELECT
    tracks.id AS track_id,
    roots.label AS root,
    tracks.path_text AS path,
    tracks.title,
    artists.name AS artist,
    tracks.albumartist,
    albums.title AS album,
    tracks.group_key,
    tracks.disc_number,
    tracks.track_number,
    tracks.date,
    tracks.original_date,
    tracks.year,
    genres.name AS genre,
    tracks.compilation,
    CASE WHEN tracks.missing_since IS NULL THEN 'present' ELSE 'missing' END AS status,
    tracks.missing_since,
    analyses.status AS analysis,
    coalesce(analyses.duration_s, tracks.duration_s) AS duration_s,
    analyses.loudness_lufs,
    tracks.codec,
    tracks.bitrate,
    tracks.sample_rate,
    tracks.channels,
    tracks.lossless,
    tracks.size,
    tracks.added_at,
    tracks.updated_at
FROM tracks
JOIN roots ON roots.id = tracks.root_id
LEFT JOIN artists ON artists.id = tracks.artist_id
LEFT JOIN albums ON albums.id = tracks.album_id
LEFT JOIN track_genres
    ON track_genres.track_id = tracks.id AND track_genres.position = 0
LEFT JOIN genres ON genres.id = track_genres.genre_id
LEFT JOIN analyses ON analyses.id = {_NEWEST_ANALYSIS}
"""  # noqa: S608 (constants only)

V_WINDOWS = f"""
CREATE VIEW v_windows AS
SELECT
    windows.id AS window_id,
    tracks.id AS track_id,
    artists.name AS artist,
    albums.title AS album,
    tracks.year,
    tracks.title,
    windows.position,
    windows.start_s,
    windows.duration_s,
    windows.silent,
    windows.tempo_bpm,
    windows.rms_mean,
    windows.rms_max,
    windows.rms_above_mean,
    windows.rms_crossings_per_s,
    windows.energy_changes_per_s,
    windows.energy_drops_per_s,
    windows.spectral_flatness,
    windows.spectral_centroid_hz,
    windows.zero_crossing_rate,
    windows.harmonic_fraction,
    analyses.feature_set_id
FROM tracks
JOIN analyses ON analyses.id = {_NEWEST_ANALYSIS}
JOIN windows ON windows.analysis_id = analyses.id
LEFT JOIN artists ON artists.id = tracks.artist_id
LEFT JOIN albums ON albums.id = tracks.album_id
"""  # noqa: S608 (constants only)

V_PREDICTIONS = """
CREATE VIEW v_predictions AS
SELECT
    track_predictions.run_id,
    runs.label_kind,
    runs.model,
    tracks.id AS track_id,
    tracks.path_text AS path,
    artists.name AS artist,
    tracks.album_id,
    albums.title AS album,
    tracks.year,
    tracks.title,
    track_predictions.true_label,
    track_predictions.label,
    CASE
        WHEN track_predictions.true_label IS NULL THEN NULL
        WHEN track_predictions.true_label = track_predictions.label THEN 1
        ELSE 0
    END AS correct,
    track_predictions.p_true,
    track_predictions.p_label,
    track_predictions.fold,
    track_predictions.out_of_fold
FROM track_predictions
JOIN runs ON runs.id = track_predictions.run_id
JOIN tracks ON tracks.id = track_predictions.track_id
LEFT JOIN artists ON artists.id = tracks.artist_id
LEFT JOIN albums ON albums.id = tracks.album_id
"""

_ACCURACY = """
    count(*) AS tracks,
    sum(correct) AS tracks_right,
    CAST(sum(correct) AS FLOAT) / count(*) AS accuracy,
    avg(p_true) AS mean_p_true
FROM v_predictions
WHERE out_of_fold AND correct IS NOT NULL
"""

V_ALBUM_ACCURACY = f"""
CREATE VIEW v_album_accuracy AS
SELECT
    run_id,
    label_kind,
    model,
    artist,
    album_id,
    album,
    min(year) AS year,{_ACCURACY}
GROUP BY run_id, label_kind, model, artist, album_id, album
"""

V_ERA_ACCURACY = f"""
CREATE VIEW v_era_accuracy AS
SELECT
    run_id,
    label_kind,
    model,
    artist,
    year,{_ACCURACY}
GROUP BY run_id, label_kind, model, artist, year
"""

V_FAILURES = """
CREATE VIEW v_failures AS
SELECT
    roots.label AS root,
    failures.path_text AS path,
    failures.stage,
    failures.reason,
    failures.size,
    failures.attempts,
    failures.failed_at
FROM failures
JOIN roots ON roots.id = failures.root_id
"""

VIEWS = {  # in the order of creation: later ones read earlier ones
    "v_tracks": V_TRACKS,
    "v_windows": V_WINDOWS,
    "v_predictions": V_PREDICTIONS,
    "v_album_accuracy": V_ALBUM_ACCURACY,
    "v_era_accuracy": V_ERA_ACCURACY,
    "v_failures": V_FAILURES,
}
