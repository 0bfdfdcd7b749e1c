-- +goose Up
-- A document has no more what has come to the endpoint, nor its end, so that lists
-- can write it as it is. Servers that start at the same time may both do this.
UPDATE model_endpoints SET doc = json_object('kind', json_extract(doc, '$.kind'), 'metadata', json(json_extract(doc, '$.metadata')),
	'spec', json(json_extract(doc, '$.spec')),
	'status', json_remove(doc -> '$.status', '$.request_count', '$.error_count', '$.metrics')) WHERE json_valid(doc);
UPDATE model_endpoints SET doc = substr(doc, 1, length(doc) - 2) WHERE json_valid(doc);
CREATE TABLE IF NOT EXISTS model_endpoint_panes (
	uid TEXT NOT NULL,
	at INTEGER NOT NULL,
	requests INTEGER NOT NULL,
	errors INTEGER NOT NULL,
	latency INTEGER NOT NULL,
	PRIMARY KEY (uid, at)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE model_endpoint_panes;
UPDATE model_endpoints SET doc = doc || '}}';
