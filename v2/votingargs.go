package v2

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

// The class_args of routers.
var (
	routerArgs = []string{"protocol", "url_prefix", "health_prefix", "name"}
	votingArgs = append([]string{
		"vote_type", "weights", "executor_type", "format_response_with_col_name_flag", "prediction_col_name", "version", "quorum",
	}, routerArgs...)
)

func newVoting(a catalog.Args) (serve.Step, error) { return votingFrom(a, "", nil) }

// votingFrom makes an ensemble of a class, which takes more arguments.
func votingFrom(a catalog.Args, class string, e *Enrichment, more ...string) (serve.Step, error) {
	if err := onlyArgs(a, append(more, votingArgs...)); err != nil {
		return nil, err
	}
	c, err := votingConfig(a)
	if err != nil {
		return nil, err
	}
	c.Class, c.Enrichment = class, e
	v, err := NewVoting(c, a.Routes)
	if err != nil {
		return nil, err
	}
	v.listed = a.Values["weights"]
	return v, nil
}

func votingConfig(a catalog.Args) (c VotingConfig, err error) {
	if c.RouterConfig, err = routerConfig(a); err != nil {
		return c, err
	}
	if c.Name, err = stringArg(a, "name"); err != nil {
		return c, err
	}
	if c.Name == "" {
		c.Name = a.Name
	}
	if c.Version, err = versionArg(a); err != nil {
		return c, err
	}
	if c.Executor, err = stringArg(a, "executor_type"); err != nil {
		return c, err
	}
	vote, err := stringArg(a, "vote_type")
	if err != nil {
		return c, err
	}
	if c.Vote, err = ensemble.ParseVote(vote); err != nil {
		return c, err
	}
	if c.Weights, err = weightsArg(a); err != nil {
		return c, err
	}
	if c.Quorum, err = quorumArg(a); err != nil {
		return c, err
	}
	if c.Column, err = columnArg(a); err != nil {
		return c, err
	}
	named := a
	if c.Name != "" {
		named.Name = c.Name
	} else {
		named.Name = "VotingEnsemble"
	}
	if c.Version != "" {
		named.Name += ":" + c.Version
	}
	c.Metrics = metricsOf(named)
	return c, nil
}

func routerConfig(a catalog.Args) (RouterConfig, error) {
	c := RouterConfig{InputPath: a.InputPath, ResultPath: a.ResultPath, InFlow: a.InFlow, Env: a.Env}
	for key, field := range map[string]*string{"protocol": &c.Protocol, "url_prefix": &c.URLPrefix, "health_prefix": &c.HealthPrefix} {
		var err error
		if *field, err = stringArg(a, key); err != nil {
			return c, err
		}
	}
	return c, nil
}

// onlyArgs refuses arguments that nobody reads: they are misspelt. MLRun ignores
// them.
func onlyArgs(a catalog.Args, known []string) error {
	if a.Env != nil && a.Env.MLRun {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(a.Values)) {
		if slices.Contains(known, key) {
			continue
		}
		hint := ""
		if near := catalog.Nearest(key, known); len(near) > 0 {
			hint = " (did you mean " + strings.Join(near, " or ") + "?)"
		}
		return fmt.Errorf("unknown argument %q%s", key, hint)
	}
	return nil
}

func versionArg(a catalog.Args) (string, error) {
	if v, ok := a.Values["version"]; !ok || v == nil {
		return "v1", nil
	}
	return stringArg(a, "version")
}

func boolArg(a catalog.Args, key string) (bool, error) {
	switch v := a.Values[key].(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	default:
		return false, fmt.Errorf("%s is %v, which is neither true nor false", key, v)
	}
}

func weightsArg(a catalog.Args) (map[string]float64, error) {
	if v, ok := a.Values["weights"].(map[string]float64); ok {
		return v, nil
	}
	var given map[string]any
	switch v := a.Values["weights"].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		given = v
	default:
		return nil, fmt.Errorf("weights is %v, not an object of numbers by model", v)
	}
	weights := make(map[string]float64, len(given))
	for _, key := range slices.Sorted(maps.Keys(given)) {
		w, ok := serve.Number64(given[key])
		if !ok {
			return nil, fmt.Errorf("weights: that of model %s is %v, not a number", key, given[key])
		}
		weights[key] = w
	}
	return weights, nil
}

// quorumArg reads a number of models, a share of the weight as a fraction, or as
// text such as "60%".
func quorumArg(a catalog.Args) (Quorum, error) {
	switch v := a.Values["quorum"].(type) {
	case nil:
		return Quorum{}, nil
	case int:
		return models(int64(v))
	case int64:
		return models(v)
	case float64:
		if v > 0 && v <= 1 {
			return Quorum{Share: v}, nil
		}
	case string:
		percent, ok := strings.CutSuffix(strings.TrimSpace(v), "%")
		share, err := strconv.ParseFloat(percent, 64)
		if ok && err == nil && share > 0 && share <= 100 {
			return Quorum{Share: share / 100}, nil
		}
	}
	return Quorum{}, fmt.Errorf("quorum is %v, which is neither a number of models nor a share of the weight, such as 0.6 or 60%%", a.Values["quorum"])
}

func models(n int64) (Quorum, error) {
	if n < 1 || n > math.MaxInt32 {
		return Quorum{}, fmt.Errorf("quorum is %d, which is no number of models", n)
	}
	return Quorum{Models: int(n)}, nil
}

// columnArg is the output that votes, if answers have columns at all.
func columnArg(a catalog.Args) (string, error) {
	flag, err := boolArg(a, "format_response_with_col_name_flag")
	if err != nil {
		return "", err
	}
	column, err := stringArg(a, "prediction_col_name")
	if err != nil || !flag {
		return "", err
	}
	if column == "" {
		column = "prediction"
	}
	return column, nil
}
