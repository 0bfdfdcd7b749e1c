-- +goose Up
-- The key is the order of lists, so that they are read from end to end.
CREATE TABLE IF NOT EXISTS model_endpoints (
	uid TEXT NOT NULL UNIQUE,
	project TEXT NOT NULL,
	name TEXT NOT NULL,
	tag TEXT NOT NULL,
	function_name TEXT NOT NULL,
	function_tag TEXT NOT NULL,
	type INTEGER NOT NULL,
	mode TEXT NOT NULL,
	created INTEGER NOT NULL,
	labels TEXT NOT NULL,
	doc TEXT NOT NULL,
	first_request INTEGER NOT NULL,
	last_request INTEGER NOT NULL,
	requests INTEGER NOT NULL,
	errors INTEGER NOT NULL,
	latency_avg REAL NOT NULL,
	per_second REAL NOT NULL,
	PRIMARY KEY (project, name, uid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS model_endpoints_latest ON model_endpoints (project, function_name, name, created);

-- +goose Down
DROP TABLE model_endpoints;
