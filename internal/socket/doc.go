// Package socket asks the system what it knows of a connection.
package socket
