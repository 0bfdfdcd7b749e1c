-- +goose Up
CREATE TABLE IF NOT EXISTS artifacts (
	project TEXT NOT NULL,
	name TEXT NOT NULL,
	tree TEXT NOT NULL,
	iter BIGINT NOT NULL,
	target TEXT NOT NULL,
	created BIGINT NOT NULL,
	doc TEXT NOT NULL,
	PRIMARY KEY (project, name, tree, iter)
);
CREATE TABLE IF NOT EXISTS artifact_tags (
	project TEXT NOT NULL,
	name TEXT NOT NULL,
	tag TEXT NOT NULL,
	tree TEXT NOT NULL,
	PRIMARY KEY (project, name, tag)
);

-- +goose Down
DROP TABLE artifact_tags;
DROP TABLE artifacts;
