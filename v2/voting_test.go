package v2_test

import (
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// atomicCounting is counting for models that run at the same time.
type atomicCounting struct{ records, requests, nanos atomic.Int64 }

func (c *atomicCounting) Record(serve.Record) { c.records.Add(1) }
func (c *atomicCounting) Begin()              {}
func (c *atomicCounting) End(_ string, _ serve.Code, d time.Duration) {
	c.requests.Add(1)
	c.nanos.Add(int64(d))
}
func (c *atomicCounting) Model(string, string) v2.Metrics      { return c }
func (c *atomicCounting) ModelState(string, string, v2.Status) {}
