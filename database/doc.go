// Package database opens the databases in which a server keeps what it knows:
// SQLite files and PostgreSQL. [Open] finds the kind by the scheme of a URL; the
// backends, database/sqlite and database/postgres, register themselves. A [DB]
// says what is its own of its SQL, brings tables up to date, and tells errors in
// words. What is kept in it is others' business: packages endpoint and
// artifact/registry have tables of their own in one database.
package database
