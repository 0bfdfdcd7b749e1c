package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/redis/go-redis/v9"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/feature/featuretest"
	_ "github.com/leat-ml/leat/feature/redis"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/servertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func address(r *servertest.Redis, rest string) string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("default", r.Password), Host: r.Addr()}
	return u.String() + rest
}

func fill(t testing.TB, r *servertest.Redis, hashes map[string]map[string]string) {
	t.Helper()
	c := client.NewClient(&client.Options{Addr: r.Addr(), Password: r.Password, DB: 2})
	defer c.Close()
	for name, fields := range hashes {
		if err := c.HSet(t.Context(), name, fields).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// standard are the rows of the suite.
func standard() map[string]map[string]string {
	all := map[string]map[string]string{}
	for id, r := range featuretest.Customers {
		fields := map[string]string{"more": "1"}
		for i, c := range featuretest.Columns {
			if r[i] != nil {
				fields[c.Name] = fmt.Sprint(r[i])
			}
		}
		all[fmt.Sprintf("customer:%d", id)] = fields
	}
	for key, r := range featuretest.Readings {
		all["reading:"+key[0]+":"+key[1]] = map[string]string{"value": fmt.Sprint(r[0])}
	}
	return all
}

func open(t testing.TB, address string, o feature.Options) feature.Source {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute // no lookup is late because the machine is busy
	}
	s, err := feature.Open(address, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, s feature.Source) feature.Source {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func TestConformance(t *testing.T) {
	r := servertest.StartRedis(t)
	fill(t, r, standard())
	featuretest.Run(t, featuretest.Harness{
		Untyped: true,
		Customers: func(t testing.TB, features ...string) feature.Source {
			return open(t, address(r, "/2?prefix=customer:"), feature.Options{Entities: []string{"id"}, Features: features})
		},
		Readings: func(t testing.TB, features ...string) feature.Source {
			return open(t, address(r, "/2?prefix=reading:&connections=2"), feature.Options{Entities: []string{"country", "device"}, Features: features})
		},
		Down: func(testing.TB) { r.Stop() }, Up: func(t testing.TB) { r.Start(t) },
	})
	t.Run("storey", func(t *testing.T) { storey(t, r) })
	t.Run("frozen", func(t *testing.T) { frozen(t, r) })
	t.Run("refused", func(t *testing.T) { refused(t, r) })
}

// storey: names and values of hashes as storey 1.14.1 wrote them through MLRun's
// table, which is
// Table("projects/p/FeatureStore/s/nosql/sets/s-latest/", RedisDriver(key_prefix="/")).
func storey(t *testing.T, r *servertest.Redis) {
	const table = "/projects/p/FeatureStore/s/nosql/sets/s-latest/"
	fill(t, r, map[string]map[string]string{
		"{" + table + ":7}:static": {
			"i": "30", "f": "1000.5", "whole": "3", "yes": "true", "text": "Bonn", "at": "_dt:1769860800.25", "took": "_td:93784.5",
			"nan": "0/0", "inf": "math.huge", "big": "9007199254740992", "\x01_mtime_": "1795391492918970",
		},
		"{" + table + ":a.b}:static": {"i": "2"},
		// sha1("bc"), as hash_list makes it of ["b", "c"]
		"{" + table + ":a.5b2505039ac5af9e197f5dad04113906a9cf9a2a}:static": {"i": "3"},
	})
	names := []string{"i", "f", "whole", "yes", "text", "at", "took", "nan", "inf", "big", "none"}
	s := start(t, open(t, address(r, "/2?table="+table), feature.Options{Entities: []string{"id"}, Features: names}))
	rows, err := s.Lookup(t.Context(), []feature.Key{{"7"}, {"8"}})
	want := []feature.Row{{int64(30), 1000.5, int64(3), true, "Bonn", "2026-01-31 12:00:00.250000+00:00", "1 day, 2:03:04.500000", nil, nil, int64(9007199254740992), nil}, nil}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("error %v, rows (-want +got):\n%s", err, d)
	}
	for _, tt := range []struct {
		key  feature.Key
		want int64
	}{{feature.Key{"a", "b"}, 2}, {feature.Key{"a", "b", "c"}, 3}} {
		s := start(t, open(t, address(r, "/2?table="+table), feature.Options{Entities: tt.key, Features: []string{"i"}}))
		rows, err := s.Lookup(t.Context(), []feature.Key{tt.key})
		if d := cmp.Diff([]feature.Row{{tt.want}}, rows); d != "" || err != nil {
			t.Errorf("error %v, rows (-want +got):\n%s", err, d)
		}
	}
}

// frozen: a server that takes connections and answers nothing does not hold a
// request up.
func frozen(t *testing.T, r *servertest.Redis) {
	s := impatient(t, address(r, "/2?prefix=customer:"))
	thaw := r.Freeze(t)
	if _, err := s.Lookup(t.Context(), []feature.Key{{"7"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	thaw()
	var rows []feature.Row
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); { // it may take a while until it is back
		if rows, err = s.Lookup(t.Context(), []feature.Key{{"7"}}); err == nil {
			break
		}
	}
	if d := cmp.Diff([]feature.Row{{int64(30)}}, rows); d != "" || err != nil {
		t.Errorf("error %v, rows (-want +got):\n%s", err, d)
	}
}

// impatient opens a source that gives a lookup a second. So long it gives the start,
// too, for which a busy machine may need more than one attempt.
func impatient(t *testing.T, address string) feature.Source {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		s := open(t, address, feature.Options{Entities: []string{"id"}, Features: []string{"age"}, Timeout: time.Second})
		err := s.Start(t.Context())
		if err == nil {
			t.Cleanup(func() { _ = s.Close(context.Background()) })
			return s
		}
		_ = s.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// refused: what is wrong is told at the start, without the password.
func refused(t *testing.T, r *servertest.Redis) {
	o := feature.Options{Entities: []string{"id"}, Features: []string{"age"}}
	for address, want := range map[string]string{
		"redis://:wr0ng@" + r.Addr() + "?prefix=x":     "WRONGPASS",
		"redis://user:wr0ng@" + r.Addr() + "?prefix=x": "WRONGPASS",
		"redis://" + r.Addr() + "?prefix=x":            "NOAUTH",
		"redis://:wr0ng@127.0.0.1:1?prefix=x":          "connection refused",
		address(r, "/99?prefix=x"):                     "DB index is out of range",
	} {
		s := open(t, address, o)
		if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "wr0ng") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("error %v, want %s", err, want)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	c := client.NewClient(&client.Options{Addr: r.Addr(), Password: r.Password, DB: 2})
	defer c.Close()
	if err := c.Set(t.Context(), "customer:text", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s := start(t, open(t, address(r, "/2?prefix=customer:"), o))
	if _, err := s.Lookup(t.Context(), []feature.Key{{"7"}, {"text"}}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("error %v", err)
	}
}

// TestTLS: a certificate that nobody vouches for is refused.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	r := servertest.StartRedisTLS(t, cert, key)
	o := feature.Options{Entities: []string{"id"}, Features: []string{"age"}}
	secure := strings.Replace(address(r, "/2?prefix=customer:"), "redis:", "rediss:", 1)
	s := open(t, secure, o)
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	s = start(t, open(t, secure+"&ca="+cert, o))
	if rows, err := s.Lookup(t.Context(), []feature.Key{{"7"}}); err != nil || rows[0] != nil {
		t.Errorf("error %v, rows %v", err, rows)
	}
}

// certificate makes one for 127.0.0.1 and returns its file and that of its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "EC PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestErrors(t *testing.T) {
	o := feature.Options{Entities: []string{"id"}, Features: []string{"age"}}
	for _, tt := range []struct {
		address string
		o       feature.Options
		want    string
	}{
		{"redis://:s3cret@host", o, "the prefix is missing"},
		{"redis://?prefix=x", o, "the host is missing"},
		{"redis://host/a/b?prefix=x", o, "is no number of a database; what MLRun has for the path is given as ?table=/a/b/"},
		{"redis://host/-1?prefix=x", o, "is no number of a database"},
		{"redis://host:99999?prefix=x", o, "99999 is no port"},
		{"redis://:s3cret@host?prefix=x&table=y", o, "exclude each other"},
		{"redis://:s3cret@host?prefix=x&skip_verify=true", o, `unknown parameter "skip_verify"`},
		{"redis://host?prefix=x&ca=/a", o, "ca is for rediss://"},
		{"rediss://host?prefix=x&ca=/none", o, "ca: open /none: no such file"},
		{"redis://host?prefix=x&connections=many", o, `connections is "many"`},
		{"redis://host?prefix=x", feature.Options{Entities: []string{"id"}}, "features is missing"},
		{"redis://host?prefix=x", feature.Options{Features: []string{"a"}}, "the entities are missing"},
		{"redis://host?prefix=x", feature.Options{Entities: []string{"id"}, Features: []string{"\x01_mtime_"}}, "is no name of a feature"},
		{"redis://:s3cret@host?prefix=%zz", o, "its query: invalid URL escape"},
	} {
		if _, err := feature.Open(tt.address, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v, want %s", tt.address, err, tt.want)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	r := servertest.StartRedis(b)
	fill(b, r, standard())
	featuretest.Bench(b, open(b, address(r, "/2?prefix=customer:"), feature.Options{Entities: []string{"id"}, Features: []string{"age", "income", "active", "city"}}))
}
