package v2

import (
	"errors"
	"fmt"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/serve"
)

// enrichmentArgs are those of enrichment routers beside those of the routers that
// they are.
var enrichmentArgs = []string{"feature_vector_uri", "impute_policy", "entities", "features", "dsn", "feature_timeout"}

// newEnrichment reads the arguments of an enrichment router.
func newEnrichment(a catalog.Args) (*Enrichment, error) {
	address, err := stringArg(a, "feature_vector_uri")
	if err != nil {
		return nil, err
	}
	if address == "" {
		return nil, errors.New("feature_vector_uri is missing: it is where the features are")
	}
	var o feature.Options
	if o.Entities, err = namesArg(a, "entities"); err != nil {
		return nil, err
	}
	if len(o.Entities) == 0 {
		return nil, errors.New(`entities is missing: it names the columns that are the key, such as ["customer"]`)
	}
	if o.Features, err = namesArg(a, "features"); err != nil {
		return nil, err
	}
	if o.DSN, err = stringArg(a, "dsn"); err != nil {
		return nil, err
	}
	policy := feature.Policy{}
	switch v := a.Values["impute_policy"].(type) {
	case nil:
	case map[string]any:
		policy = v
	default:
		return nil, fmt.Errorf("impute_policy is %v, not an object by feature", v)
	}
	o.Statistics = policy.Statistical()
	if o.Timeout, err = secondsArg(a, "feature_timeout"); err != nil {
		return nil, err
	}
	source, err := feature.Open(address, o)
	if err != nil {
		return nil, fmt.Errorf("feature_vector_uri: %w", err)
	}
	return &Enrichment{Source: source, Entities: o.Entities, Policy: policy}, nil
}

// secondsArg reads a positive number of seconds; 0 where there is none.
func secondsArg(a catalog.Args, key string) (time.Duration, error) {
	var s float64
	switch v := a.Values[key].(type) {
	case nil:
		return 0, nil
	case int:
		s = float64(v)
	case int64:
		s = float64(v)
	case float64:
		s = v
	}
	if !(s >= 0.001 && s <= 3600) {
		return 0, fmt.Errorf("%s is %v, not a number of seconds from 0.001 to 3600", key, a.Values[key])
	}
	return time.Duration(s * float64(time.Second)), nil
}

// namesArg reads a list of names, or one name.
func namesArg(a catalog.Args, key string) ([]string, error) {
	switch v := a.Values[key].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []string:
		return v, nil
	case []any:
		names := make([]string, len(v))
		for i, item := range v {
			name, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("%s: %v is not a name", key, item)
			}
			names[i] = name
		}
		return names, nil
	}
	return nil, fmt.Errorf("%s is %v, not a list of names", key, a.Values[key])
}

func newEnrichmentRouter(a catalog.Args) (serve.Step, error) {
	if err := onlyArgs(a, append(enrichmentArgs, routerArgs...)); err != nil {
		return nil, err
	}
	c, err := routerConfig(a)
	if err != nil {
		return nil, err
	}
	c.Class = "EnrichmentModelRouter"
	if c.Enrichment, err = newEnrichment(a); err != nil {
		return nil, err
	}
	return NewRouter(c, NewRoutes(a.Routes, a.Env.MLRun)), nil
}

func newEnrichmentVoting(a catalog.Args) (serve.Step, error) {
	enrichment, err := newEnrichment(a)
	if err != nil {
		return nil, err
	}
	return votingFrom(a, "EnrichmentVotingEnsemble", enrichment, enrichmentArgs...)
}
