package main

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

// What all events say of their trigger.
const (
	triggerKind = "http"
	triggerName = "default-http"
)

// lengthBytes come before each event: its length, the most significant byte first.
const lengthBytes = 4

// appendEvent appends a request as nuclio's processor sends it to its Python wrapper:
// its length, and a map of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md)
// with the keys that nuclio_sdk.Event reads.
func appendEvent(to []byte, id uint64, now time.Time, r *request) []byte {
	start := len(to)
	to = append(to, 0, 0, 0, 0)
	to = append(to, 0xde, 0, 19) // a map of 19
	to = appendPair(to, "content_type", r.contentType)
	to = appendPair(to, "content-type", r.contentType)
	to = append(appendText(to, "trigger"), 0x82)
	to = appendPair(to, "kind", triggerKind)
	to = appendPair(to, "name", triggerName)
	to = append(appendText(to, "fields"), 0x80)
	to = append(appendText(to, "headers"), 0xde, 0, byte(len(r.fields))) // maxFields and one fit
	for _, f := range r.fields {
		to = appendPair(to, f.name, f.value)
	}
	to = appendPair(to, "id", strconv.FormatUint(id, 10))
	to = appendPair(to, "method", r.method)
	to = appendPair(to, "path", r.path)
	to = appendInt(appendText(to, "size"), len(r.body))
	to = appendInt(appendText(to, "timestamp"), int(now.Unix()))
	to = appendPair(to, "url", r.path)
	to = appendInt(appendText(to, "shard_id"), 0)
	to = appendInt(appendText(to, "num_shards"), 0)
	to = appendPair(to, "type", "")
	to = appendPair(to, "type_version", "")
	to = appendPair(to, "version", "")
	to = appendInt(appendText(to, "offset"), 0)
	to = appendPair(to, "topic", "")
	to = appendBytes(appendText(to, "body"), r.body)
	binary.BigEndian.PutUint32(to[start:], uint32(len(to)-start-lengthBytes))
	return to
}

func appendPair(to []byte, key, value string) []byte { return appendText(appendText(to, key), value) }

func appendText(to []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		to = append(to, 0xa0|byte(n))
	case n <= math.MaxUint16:
		to = binary.BigEndian.AppendUint16(append(to, 0xda), uint16(n))
	default:
		to = binary.BigEndian.AppendUint32(append(to, 0xdb), uint32(n))
	}
	return append(to, s...)
}

func appendBytes(to, b []byte) []byte {
	to = binary.BigEndian.AppendUint32(append(to, 0xc6), uint32(len(b)))
	return append(to, b...)
}

func appendInt(to []byte, n int) []byte {
	if n >= 0 && n < 128 {
		return append(to, byte(n))
	}
	return binary.BigEndian.AppendUint64(append(to, 0xd3), uint64(n))
}
