package artifact

import (
	"context"
	"crypto/sha1" //nolint:gosec // MLRun's hash of a model file, which tells that it is the one that was logged
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
)

// A digest is the checksum of a file: "sha256:…", or "sha1:…" as MLRun has it, in
// lower-case hexadecimal digits.
type digest string

const (
	sha256Prefix = "sha256:"
	sha1Prefix   = "sha1:"
)

// parseDigest reads a checksum, with its algorithm in front or told by its length,
// as MLRun's hashes are.
func parseDigest(text string) (digest, error) {
	algorithm, digits, ok := strings.Cut(strings.ToLower(text), ":")
	if !ok {
		algorithm, digits = "", algorithm
	}
	raw, err := hex.DecodeString(digits)
	switch {
	case err == nil && len(raw) == sha256.Size && (algorithm == "" || algorithm == "sha256"):
		return digest(sha256Prefix + digits), nil
	case err == nil && len(raw) == sha1.Size && (algorithm == "" || algorithm == "sha1"):
		return digest(sha1Prefix + digits), nil
	}
	return "", fmt.Errorf("%s is neither a SHA-256 nor a SHA-1 in hexadecimal digits", quoted(text))
}

func (d digest) newHash() hash.Hash {
	if d.algorithm() == sha1Prefix {
		return sha1.New() //nolint:gosec // see above
	}
	return sha256.New()
}

// algorithm is the prefix of the digest.
func (d digest) algorithm() string {
	if strings.HasPrefix(string(d), sha1Prefix) {
		return sha1Prefix
	}
	return sha256Prefix
}

// fileName is the digest as the name of a file.
func (d digest) fileName() string { return strings.Replace(string(d), ":", "-", 1) }

// of returns the digest of the same algorithm that has been computed.
func (d digest) of(h hash.Hash) digest {
	return digest(d.algorithm() + hex.EncodeToString(h.Sum(nil)))
}

// A mismatch says that a file is not the one that its description speaks of.
type mismatch struct{ want, found digest }

// Error implements error.
func (e *mismatch) Error() string {
	return fmt.Sprintf("the file has the checksum %s, and not %s as its description says: it has been changed, or belongs to another", e.found, e.want)
}

// verify reads a file of this machine and compares its checksum.
func verify(ctx context.Context, path string, want digest) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := want.newHash()
	if _, err := io.Copy(h, &stoppable{ctx, f}); err != nil {
		return err
	}
	if found := want.of(h); found != want {
		return &mismatch{want, found}
	}
	return nil
}

// A stoppable reader ends with its context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
