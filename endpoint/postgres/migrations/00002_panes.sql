-- +goose Up
-- A document has no more what has come to the endpoint, nor its end, so that lists
-- can write it as it is.
UPDATE model_endpoints SET doc = json_build_object('kind', doc::json -> 'kind', 'metadata', doc::json -> 'metadata', 'spec', doc::json -> 'spec',
	'status', (doc::jsonb -> 'status') - 'request_count' - 'error_count' - 'metrics')::text;
UPDATE model_endpoints SET doc = left(doc, -2);
CREATE TABLE model_endpoint_panes (
	uid TEXT COLLATE "C" NOT NULL,
	at BIGINT NOT NULL,
	requests BIGINT NOT NULL,
	errors BIGINT NOT NULL,
	latency BIGINT NOT NULL,
	PRIMARY KEY (uid, at)
);

-- +goose Down
DROP TABLE model_endpoint_panes;
UPDATE model_endpoints SET doc = doc || '}}';
