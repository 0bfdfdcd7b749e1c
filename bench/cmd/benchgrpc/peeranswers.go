package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// agreed waits until both serve the model, and returns what both answer.
func agreed(ctx context.Context, p *peering, model string, rows int) ([]float64, error) {
	want, err := first(ctx, p.own, model, rows)
	if err != nil {
		return nil, fmt.Errorf("leat: %w", err)
	}
	end := time.Now().Add(2 * time.Minute)
	for {
		_, err := first(ctx, p.peer, model, rows)
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	path, body := restRequest(model, rows)
	answer, err := asked(ctx, p.peer.web, path, body)
	if err == nil {
		err = same(answer, want)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.peer.name, err)
	}
	return want, nil
}

// first waits until a server has an answer.
func first(ctx context.Context, c *contender, model string, rows int) (numbers []float64, err error) {
	path, body := restRequest(model, rows)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var answer []byte
		if answer, err = asked(ctx, c.web, path, body); err == nil {
			return outputs(answer)
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, err
		}
	}
}

func asked(ctx context.Context, addr, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.200s", resp.StatusCode, b.Bytes())
	}
	return b.Bytes(), nil
}

var errAnswer = errors.New("another answer than expected")

// same compares the numbers of an answer.
func same(answer []byte, want []float64) error {
	got, err := outputs(answer)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: %d numbers, not %d", errAnswer, len(got), len(want))
	}
	for i := range got {
		if d := got[i] - want[i]; d > 1e-4 || d < -1e-4 {
			return fmt.Errorf("%w: number %d is %v, not %v", errAnswer, i, got[i], want[i])
		}
	}
	return nil
}

// outputs are the numbers of the first output.
func outputs(answer []byte) ([]float64, error) {
	var doc struct{ Outputs []struct{ Data []any } }
	if err := json.Unmarshal(answer, &doc); err != nil {
		return nil, err
	}
	if len(doc.Outputs) != 1 {
		return nil, fmt.Errorf("%w: %d outputs", errAnswer, len(doc.Outputs))
	}
	var all []float64
	var add func(v any)
	add = func(v any) {
		switch v := v.(type) {
		case float64:
			all = append(all, v)
		case []any:
			for _, one := range v {
				add(one)
			}
		}
	}
	add(doc.Outputs[0].Data)
	return all, nil
}
