ALTER TABLE tracks ADD COLUMN album VARCHAR;
ALTER TABLE tracks ADD COLUMN musicbrainz_albumartist_id VARCHAR;
ALTER TABLE tracks ADD COLUMN musicbrainz_release_id VARCHAR;
ALTER TABLE tracks ADD COLUMN musicbrainz_release_group_id VARCHAR;
ALTER TABLE tracks ADD COLUMN is_grouped BOOLEAN DEFAULT FALSE NOT NULL;
UPDATE tracks SET album = (SELECT albums.title FROM albums WHERE albums.id = tracks.album_id);
CREATE INDEX ix_tracks_ungrouped ON tracks (id) WHERE NOT is_grouped;
ALTER TABLE track_artists ADD COLUMN credit VARCHAR DEFAULT '' NOT NULL;
ALTER TABLE track_artists ADD COLUMN musicbrainz_id VARCHAR;
UPDATE track_artists SET credit = (SELECT artists.name FROM artists WHERE artists.id = track_artists.artist_id);
ALTER TABLE artists ADD COLUMN musicbrainz_id VARCHAR;
ALTER TABLE track_predictions ADD COLUMN artist VARCHAR;
ALTER TABLE track_predictions ADD COLUMN album_id INTEGER;
ALTER TABLE track_predictions ADD COLUMN album VARCHAR;
ALTER TABLE track_predictions ADD COLUMN year INTEGER;
ALTER TABLE track_predictions ADD COLUMN title VARCHAR;
ALTER TABLE track_predictions ADD COLUMN group_key VARCHAR DEFAULT '' NOT NULL;
UPDATE track_predictions SET (artist, album_id, album, year, title, group_key) = (
    SELECT artists.name, tracks.album_id, albums.title, tracks.year, tracks.title, tracks.group_key
    FROM tracks
    LEFT JOIN artists ON artists.id = tracks.artist_id
    LEFT JOIN albums ON albums.id = tracks.album_id
    WHERE tracks.id = track_predictions.track_id
);
CREATE TABLE track_statistics (
	analysis_id INTEGER NOT NULL,
	windows INTEGER NOT NULL,
	effective_windows DOUBLE NOT NULL,
	mean BLOB NOT NULL,
	scatter BLOB NOT NULL,
	CONSTRAINT pk_track_statistics PRIMARY KEY (analysis_id),
	CONSTRAINT fk_track_statistics_analysis_id FOREIGN KEY(analysis_id) REFERENCES analyses (id) ON DELETE CASCADE
);
DROP VIEW v_era_accuracy;
DROP VIEW v_album_accuracy;
DROP VIEW v_predictions;
CREATE VIEW v_predictions AS
SELECT
    track_predictions.run_id,
    runs.label_kind,
    runs.model,
    tracks.id AS track_id,
    tracks.path_text AS path,
    track_predictions.artist,
    track_predictions.album_id,
    track_predictions.album,
    track_predictions.year,
    track_predictions.title,
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
    track_predictions.out_of_fold,
    track_predictions.group_key
FROM track_predictions
JOIN runs ON runs.id = track_predictions.run_id
JOIN tracks ON tracks.id = track_predictions.track_id;
CREATE VIEW v_album_accuracy AS
SELECT
    run_id,
    label_kind,
    model,
    artist,
    album_id,
    album,
    min(year) AS year,
    count(*) AS tracks,
    sum(correct) AS tracks_right,
    CAST(sum(correct) AS FLOAT) / count(*) AS accuracy,
    avg(p_true) AS mean_p_true
FROM v_predictions
WHERE out_of_fold AND correct IS NOT NULL

GROUP BY run_id, label_kind, model, artist, album_id, album;
CREATE VIEW v_era_accuracy AS
SELECT
    run_id,
    label_kind,
    model,
    artist,
    year,
    count(*) AS tracks,
    sum(correct) AS tracks_right,
    CAST(sum(correct) AS FLOAT) / count(*) AS accuracy,
    avg(p_true) AS mean_p_true
FROM v_predictions
WHERE out_of_fold AND correct IS NOT NULL

GROUP BY run_id, label_kind, model, artist, year;
