package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leat-ml/leat/internal/servertest"
)

// TestFeatures serves the examples of docs/ensembles.md that look features up in a
// database, and asks for a house by its number.
func TestFeatures(t *testing.T) {
	examples := map[string][]byte{}
	text, err := os.ReadFile("../../docs/ensembles.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```yaml\n([^`]*?feature_vector_uri: \"?(sqlite|postgres|redis):.*?)```").FindAllSubmatch(text, -1) {
		examples[string(m[2])] = m[1]
	}
	for _, tt := range []struct {
		kind string
		fill func(t *testing.T, folder string) (stop func())
	}{{"sqlite", fillSQLite}, {"postgres", fillPostgres}, {"redis", fillRedis}} {
		t.Run(tt.kind, func(t *testing.T) {
			if examples[tt.kind] == nil {
				t.Fatal("there is no example")
			}
			folder := t.TempDir()
			t.Setenv("FOLDER", folder)
			stop := tt.fill(t, folder)
			const entities = "    entities: [id]\n"
			patient := bytes.Replace(examples[tt.kind], []byte(entities), []byte(entities+"    feature_timeout: 120\n"), 1) // the machine may be slow
			if len(patient) == len(examples[tt.kind]) {
				t.Fatalf("the example has other entities:\n%s", patient)
			}
			url := serveHouses(t, folder, patient)
			if stop == nil {
				return
			}
			stop()
			if status, answer := post(t, url, `{"inputs": [7]}`); status != http.StatusServiceUnavailable || !strings.Contains(answer, "look up features: ") || strings.Contains(answer, "s3cret") {
				t.Errorf("without its source: status %d: %s", status, answer)
			}
		})
	}
}

const houses = "CREATE TABLE houses (id integer PRIMARY KEY, area integer, rooms integer, age real)"

func execute(t *testing.T, driver, dsn string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{houses, "INSERT INTO houses VALUES (7, 120, 4, 10)"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func fillSQLite(t *testing.T, folder string) func() {
	execute(t, "sqlite", filepath.Join(folder, "features.db"))
	return nil
}

func fillPostgres(t *testing.T, _ string) func() {
	pg := servertest.StartPostgres(t)
	execute(t, "pgx", pg.SecretURL())
	t.Setenv("POSTGRES", pg.Addr())
	t.Setenv("PASSWORD", strings.NewReplacer("@", "%40", ":", "%3A").Replace(pg.Password))
	return pg.Stop
}

func fillRedis(t *testing.T, _ string) func() {
	r := servertest.StartRedis(t)
	c := redis.NewClient(&redis.Options{Addr: r.Addr(), Password: r.Password, DB: 2, DialTimeout: 2 * time.Minute, ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute})
	defer c.Close()
	if err := c.HSet(t.Context(), "house:7", "area", 120, "rooms", 4).Err(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDIS", r.Addr())
	t.Setenv("PASSWORD", strings.NewReplacer("@", "%40", ":", "%3A").Replace(r.Password))
	return r.Stop
}

// serveHouses serves a spec with the binary and asks for a house that is there, one
// two keys in other spellings, and checks the spec with a table that is not named.
// It returns the address.
func serveHouses(t *testing.T, folder string, spec []byte) string {
	project := filepath.Join(folder, "project")
	if out, err := exec.Command("leat", "init", project).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	model, err := os.ReadFile(filepath.Join(project, "houses", "1", "model.txt"))
	if err != nil {
		t.Fatal(err)
	}
	path, bad := filepath.Join(folder, "spec.yaml"), filepath.Join(folder, "bad.yaml")
	for name, content := range map[string][]byte{
		filepath.Join(folder, "model.txt"): model, path: spec,
		bad: regexp.MustCompile(`\?(table|prefix)=`).ReplaceAll(spec, []byte("?no$1=")),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("leat", "check", bad).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("feature_vector_uri: ")) || bytes.Contains(out, []byte("s3cret")) {
		t.Errorf("check: error %v, it says %s", err, out)
	}
	url := serving(t, path)
	for body, want := range map[string]string{
		`{"inputs": [7]}`:              `"outputs":[440.76204931099574]`,
		`{"inputs": [{"id": 7}, [7]]}`: `"outputs":[440.76204931099574,440.76204931099574]`,
	} {
		if status, answer := post(t, url, body); status != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("%s: status %d: %s", body, status, answer)
		}
	}
	return url
}

func post(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	resp, err := http.Post(url+"/v2/models/houses/infer", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// serving starts the server until the test ends and returns its address.
func serving(t *testing.T, spec string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "leat", "serve", spec, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was told to end
	})
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`(?m)^serving +(http://\S+)$`).FindSubmatch(text); m != nil {
			return string(m[1])
		}
	}
	text, _ := os.ReadFile(out.Name())
	t.Fatalf("it does not serve: %s", text)
	return ""
}
