-- +goose Up
CREATE TABLE IF NOT EXISTS model_endpoints (
	uid TEXT COLLATE "C" PRIMARY KEY,
	project TEXT COLLATE "C" NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	tag TEXT NOT NULL,
	function_name TEXT NOT NULL,
	function_tag TEXT NOT NULL,
	type INTEGER NOT NULL,
	mode TEXT NOT NULL,
	created BIGINT NOT NULL,
	labels JSONB NOT NULL,
	doc TEXT NOT NULL,
	first_request BIGINT NOT NULL,
	last_request BIGINT NOT NULL,
	requests BIGINT NOT NULL,
	errors BIGINT NOT NULL,
	latency_avg DOUBLE PRECISION NOT NULL,
	per_second DOUBLE PRECISION NOT NULL
);
CREATE INDEX IF NOT EXISTS model_endpoints_page ON model_endpoints (project, name, uid);
CREATE INDEX IF NOT EXISTS model_endpoints_latest ON model_endpoints (project, function_name, name, created);

-- +goose Down
DROP TABLE model_endpoints;
