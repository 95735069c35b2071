CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE albums (
	id INTEGER NOT NULL, 
	albumartist VARCHAR, 
	title VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	group_key VARCHAR NOT NULL, 
	CONSTRAINT pk_albums PRIMARY KEY (id), 
	CONSTRAINT uq_albums_key UNIQUE ("key")
);
CREATE INDEX ix_albums_group_key ON albums (group_key);
CREATE TABLE artists (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	CONSTRAINT pk_artists PRIMARY KEY (id), 
	CONSTRAINT uq_artists_key UNIQUE ("key")
);
CREATE TABLE genres (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	CONSTRAINT pk_genres PRIMARY KEY (id), 
	CONSTRAINT uq_genres_key UNIQUE ("key")
);
CREATE TABLE payloads (
	id INTEGER NOT NULL, 
	hash VARCHAR(128) NOT NULL, 
	CONSTRAINT pk_payloads PRIMARY KEY (id), 
	CONSTRAINT uq_payloads_hash UNIQUE (hash)
);
CREATE TABLE roots (
	id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	label VARCHAR NOT NULL, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT pk_roots PRIMARY KEY (id), 
	CONSTRAINT uq_roots_path UNIQUE (path)
);
CREATE TABLE scans (
	id INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	outcome VARCHAR, 
	options JSON NOT NULL, 
	counts JSON NOT NULL, 
	CONSTRAINT pk_scans PRIMARY KEY (id)
);
CREATE TABLE failures (
	id INTEGER NOT NULL, 
	root_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	path_text VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	stage VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	failed_at DATETIME NOT NULL, 
	CONSTRAINT pk_failures PRIMARY KEY (id), 
	CONSTRAINT fk_failures_root_id FOREIGN KEY(root_id) REFERENCES roots (id)
);
CREATE INDEX ix_failures_root_id ON failures (root_id);
CREATE UNIQUE INDEX uq_failures_place ON failures (root_id, path);
CREATE TABLE tracks (
	id INTEGER NOT NULL, 
	root_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	path_text VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	payload_id INTEGER NOT NULL, 
	missing_since DATETIME, 
	added_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	title VARCHAR, 
	albumartist VARCHAR, 
	artist_id INTEGER, 
	album_id INTEGER, 
	group_key VARCHAR NOT NULL, 
	track_number INTEGER, 
	track_total INTEGER, 
	disc_number INTEGER, 
	disc_total INTEGER, 
	date VARCHAR, 
	original_date VARCHAR, 
	year INTEGER, 
	compilation BOOLEAN NOT NULL, 
	container VARCHAR, 
	codec VARCHAR, 
	encoder VARCHAR, 
	bitrate BIGINT, 
	sample_rate INTEGER, 
	channels INTEGER, 
	bits_per_sample INTEGER, 
	lossless BOOLEAN, 
	duration_s DOUBLE, 
	encoder_delay INTEGER, 
	encoder_padding INTEGER, 
	CONSTRAINT pk_tracks PRIMARY KEY (id), 
	CONSTRAINT fk_tracks_album_id FOREIGN KEY(album_id) REFERENCES albums (id), 
	CONSTRAINT fk_tracks_artist_id FOREIGN KEY(artist_id) REFERENCES artists (id), 
	CONSTRAINT fk_tracks_payload_id FOREIGN KEY(payload_id) REFERENCES payloads (id), 
	CONSTRAINT fk_tracks_root_id FOREIGN KEY(root_id) REFERENCES roots (id)
);
CREATE INDEX ix_tracks_album_id ON tracks (album_id);
CREATE INDEX ix_tracks_artist_id ON tracks (artist_id);
CREATE INDEX ix_tracks_group_key ON tracks (group_key);
CREATE INDEX ix_tracks_payload_id ON tracks (payload_id);
CREATE INDEX ix_tracks_root_id ON tracks (root_id);
CREATE UNIQUE INDEX uq_tracks_place ON tracks (root_id, path) WHERE missing_since IS NULL;
CREATE TABLE raw_tags (
	track_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_raw_tags PRIMARY KEY (track_id, position), 
	CONSTRAINT fk_raw_tags_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE
);
CREATE TABLE tag_sources (
	track_id INTEGER NOT NULL, 
	fact VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	CONSTRAINT pk_tag_sources PRIMARY KEY (track_id, fact), 
	CONSTRAINT fk_tag_sources_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE
);
CREATE TABLE track_artists (
	track_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	artist_id INTEGER NOT NULL, 
	CONSTRAINT pk_track_artists PRIMARY KEY (track_id, position), 
	CONSTRAINT fk_track_artists_artist_id FOREIGN KEY(artist_id) REFERENCES artists (id), 
	CONSTRAINT fk_track_artists_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE
);
CREATE INDEX ix_track_artists_artist_id ON track_artists (artist_id);
CREATE TABLE track_genres (
	track_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	genre_id INTEGER NOT NULL, 
	CONSTRAINT pk_track_genres PRIMARY KEY (track_id, position), 
	CONSTRAINT fk_track_genres_genre_id FOREIGN KEY(genre_id) REFERENCES genres (id), 
	CONSTRAINT fk_track_genres_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE
);
CREATE INDEX ix_track_genres_genre_id ON track_genres (genre_id);
CREATE TABLE feature_sets (
	id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	names JSON NOT NULL, 
	parameters JSON NOT NULL, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT pk_feature_sets PRIMARY KEY (id), 
	CONSTRAINT uq_feature_sets_digest UNIQUE (digest)
);
CREATE TABLE analyses (
	id INTEGER NOT NULL, 
	payload_id INTEGER NOT NULL, 
	feature_set_id INTEGER NOT NULL, 
	variant VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	loudness_lufs DOUBLE, 
	decoder VARCHAR NOT NULL, 
	audio_facts JSON NOT NULL, 
	analysed_at DATETIME NOT NULL, 
	CONSTRAINT pk_analyses PRIMARY KEY (id), 
	CONSTRAINT fk_analyses_feature_set_id FOREIGN KEY(feature_set_id) REFERENCES feature_sets (id), 
	CONSTRAINT fk_analyses_payload_id FOREIGN KEY(payload_id) REFERENCES payloads (id) ON DELETE CASCADE, 
	CONSTRAINT uq_analyses_payload_id_feature_set_id_variant UNIQUE (payload_id, feature_set_id, variant)
);
CREATE INDEX ix_analyses_feature_set_id ON analyses (feature_set_id);
CREATE INDEX ix_analyses_payload_id ON analyses (payload_id);
CREATE TABLE sequences (
	analysis_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	rate_hz DOUBLE NOT NULL, 
	steps INTEGER NOT NULL, 
	dims INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_sequences PRIMARY KEY (analysis_id, kind), 
	CONSTRAINT fk_sequences_analysis_id FOREIGN KEY(analysis_id) REFERENCES analyses (id) ON DELETE CASCADE
);
CREATE TABLE stage_costs (
	analysis_id INTEGER NOT NULL, 
	stage VARCHAR NOT NULL, 
	cpu_s DOUBLE NOT NULL, 
	wall_s DOUBLE NOT NULL, 
	CONSTRAINT pk_stage_costs PRIMARY KEY (analysis_id, stage), 
	CONSTRAINT fk_stage_costs_analysis_id FOREIGN KEY(analysis_id) REFERENCES analyses (id) ON DELETE CASCADE
);
CREATE TABLE windows (
	id INTEGER NOT NULL, 
	analysis_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	duration_s DOUBLE NOT NULL, 
	silent BOOLEAN NOT NULL, 
	tempo_bpm DOUBLE NOT NULL, 
	rms_mean DOUBLE NOT NULL, 
	rms_max DOUBLE NOT NULL, 
	rms_above_mean DOUBLE NOT NULL, 
	rms_crossings_per_s DOUBLE NOT NULL, 
	energy_changes_per_s DOUBLE NOT NULL, 
	energy_drops_per_s DOUBLE NOT NULL, 
	spectral_flatness DOUBLE NOT NULL, 
	spectral_centroid_hz DOUBLE NOT NULL, 
	zero_crossing_rate DOUBLE NOT NULL, 
	harmonic_fraction DOUBLE NOT NULL, 
	vector BLOB NOT NULL, 
	CONSTRAINT pk_windows PRIMARY KEY (id), 
	CONSTRAINT fk_windows_analysis_id FOREIGN KEY(analysis_id) REFERENCES analyses (id) ON DELETE CASCADE, 
	CONSTRAINT uq_windows_analysis_id_position UNIQUE (analysis_id, position)
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	label_kind VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	seed INTEGER NOT NULL, 
	feature_set_id INTEGER NOT NULL, 
	dataset_hash VARCHAR NOT NULL, 
	labels JSON NOT NULL, 
	parameters JSON NOT NULL, 
	versions JSON NOT NULL, 
	metrics JSON NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_feature_set_id FOREIGN KEY(feature_set_id) REFERENCES feature_sets (id)
);
CREATE INDEX ix_runs_feature_set_id ON runs (feature_set_id);
CREATE TABLE artifacts (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	format VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_artifacts PRIMARY KEY (id), 
	CONSTRAINT fk_artifacts_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT uq_artifacts_run_id_name UNIQUE (run_id, name)
);
CREATE TABLE fold_scores (
	run_id INTEGER NOT NULL, 
	fold INTEGER NOT NULL, 
	tracks INTEGER NOT NULL, 
	albums INTEGER NOT NULL, 
	accuracy DOUBLE NOT NULL, 
	balanced_accuracy DOUBLE NOT NULL, 
	macro_f1 DOUBLE NOT NULL, 
	parameters JSON NOT NULL, 
	fit_cpu_s DOUBLE, 
	predict_cpu_s DOUBLE, 
	CONSTRAINT pk_fold_scores PRIMARY KEY (run_id, fold), 
	CONSTRAINT fk_fold_scores_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE track_predictions (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	track_id INTEGER NOT NULL, 
	fold INTEGER, 
	out_of_fold BOOLEAN NOT NULL, 
	true_label VARCHAR, 
	label VARCHAR NOT NULL, 
	p_true DOUBLE, 
	p_label DOUBLE NOT NULL, 
	probabilities JSON NOT NULL, 
	CONSTRAINT pk_track_predictions PRIMARY KEY (id), 
	CONSTRAINT fk_track_predictions_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_track_predictions_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE, 
	CONSTRAINT uq_track_predictions_run_id_track_id UNIQUE (run_id, track_id)
);
CREATE INDEX ix_track_predictions_track_id ON track_predictions (track_id);
CREATE TABLE window_predictions (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	window_id INTEGER NOT NULL, 
	fold INTEGER, 
	out_of_fold BOOLEAN NOT NULL, 
	true_label VARCHAR, 
	label VARCHAR NOT NULL, 
	p_true DOUBLE, 
	p_label DOUBLE NOT NULL, 
	probabilities JSON NOT NULL, 
	CONSTRAINT pk_window_predictions PRIMARY KEY (id), 
	CONSTRAINT fk_window_predictions_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_window_predictions_window_id FOREIGN KEY(window_id) REFERENCES windows (id) ON DELETE CASCADE, 
	CONSTRAINT uq_window_predictions_run_id_window_id UNIQUE (run_id, window_id)
);
CREATE INDEX ix_window_predictions_window_id ON window_predictions (window_id);
CREATE TABLE maps (
	id INTEGER NOT NULL, 
	feature_set_id INTEGER NOT NULL, 
	level VARCHAR NOT NULL, 
	seed INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_maps PRIMARY KEY (id), 
	CONSTRAINT fk_maps_feature_set_id FOREIGN KEY(feature_set_id) REFERENCES feature_sets (id), 
	CONSTRAINT uq_maps_feature_set_id_level_seed UNIQUE (feature_set_id, level, seed)
);
CREATE TABLE map_points (
	map_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	track_id INTEGER NOT NULL, 
	window_id INTEGER, 
	x DOUBLE NOT NULL, 
	y DOUBLE NOT NULL, 
	CONSTRAINT pk_map_points PRIMARY KEY (map_id, position), 
	CONSTRAINT fk_map_points_map_id FOREIGN KEY(map_id) REFERENCES maps (id) ON DELETE CASCADE, 
	CONSTRAINT fk_map_points_track_id FOREIGN KEY(track_id) REFERENCES tracks (id) ON DELETE CASCADE, 
	CONSTRAINT fk_map_points_window_id FOREIGN KEY(window_id) REFERENCES windows (id) ON DELETE CASCADE
);
CREATE INDEX ix_map_points_track_id ON map_points (track_id);
CREATE INDEX ix_map_points_window_id ON map_points (window_id);
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
LEFT JOIN analyses ON analyses.id = (
        SELECT max(newest.id) FROM analyses AS newest
        WHERE newest.payload_id = tracks.payload_id AND newest.variant = 'original'
    );
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
JOIN analyses ON analyses.id = (
        SELECT max(newest.id) FROM analyses AS newest
        WHERE newest.payload_id = tracks.payload_id AND newest.variant = 'original'
    )
JOIN windows ON windows.analysis_id = analyses.id
LEFT JOIN artists ON artists.id = tracks.artist_id
LEFT JOIN albums ON albums.id = tracks.album_id;
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
LEFT JOIN albums ON albums.id = tracks.album_id;
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
JOIN roots ON roots.id = failures.root_id;
INSERT INTO alembic_version VALUES ('0001');
