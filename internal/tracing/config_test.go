package tracing

import (
	"strings"
	"testing"
)

func TestConfigure(t *testing.T) {
	type env map[string]string
	for _, tt := range []struct {
		flag     string
		env      env
		endpoint string // "" for none
		sampler  string
		err      string
	}{
		{"", nil, "", "", ""},
		{"http://c:4318", nil, "http://c:4318/v1/traces", "", ""},
		{"http://c:4318/", nil, "http://c:4318/v1/traces", "", ""},
		{"https://c/otlp/traces", nil, "https://c/otlp/traces", "", ""},
		{"http://c:4318", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d", "OTEL_TRACES_EXPORTER": "none"}, "http://c:4318/v1/traces", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4318"}, "http://d:4318/v1/traces", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4318/base/"}, "http://d:4318/base/v1/traces", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://d:4318/own", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://e"}, "http://d:4318/own", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4318", "OTEL_SDK_DISABLED": "true"}, "", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4318", "OTEL_TRACES_EXPORTER": "none"}, "", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": traces are sent over http/protobuf`},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, "http://d/v1/traces", "", ""},
		{"", env{"OTEL_EXPORTER_OTLP_ENDPOINT": "d:4318"}, "", "", `OTEL_EXPORTER_OTLP_ENDPOINT is "d:4318", which is not the http or https URL`},
		{"c:4318", nil, "", "", `--traces "c:4318" is not the http or https URL`},
		{"http://", nil, "", "", "is not the http or https URL"},
		{"http://c:x", nil, "", "", `--traces "http://c:x" is not a URL: invalid port ":x" after host`},
		{"http://me:secret@c", nil, "", "", "has a name or a password in it"},
		{"http://c?x=1", nil, "", "", "has a query"},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "always_off"}, "http://c/v1/traces", "AlwaysOffSampler", ""},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, "http://c/v1/traces", "ParentBased{root:TraceIDRatioBased{0.25}", ""},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "traceidratio"}, "http://c/v1/traces", "TraceIDRatioBased{1}", ""},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, "", "", `OTEL_TRACES_SAMPLER_ARG is "NaN"`},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.5"}, "", "", `a number from 0 to 1`},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "", "", `OTEL_TRACES_SAMPLER is "jaeger_remote"`},
		{"http://c", env{"OTEL_TRACES_SAMPLER": "parentbased_"}, "", "", `OTEL_TRACES_SAMPLER is "parentbased_"`},
		{"http://c", env{"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "", "", "OTEL_BSP_MAX_QUEUE_SIZE"},
	} {
		c, err := Configure(tt.flag, func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s %v: error %v, want %s", tt.flag, tt.env, err, tt.err)
			}
		case err != nil:
			t.Errorf("%s %v: %v", tt.flag, tt.env, err)
		case tt.endpoint == "":
			if c != nil {
				t.Errorf("%s %v: traces go to %s", tt.flag, tt.env, c.Endpoint)
			}
		default:
			if c == nil || c.Endpoint != tt.endpoint {
				t.Errorf("%s %v: %+v, want %s", tt.flag, tt.env, c, tt.endpoint)
			} else if c.Sampler != nil != (tt.sampler != "") || c.Sampler != nil && !strings.HasPrefix(c.Sampler.Description(), tt.sampler) {
				t.Errorf("%s %v: sampler %v, want %s", tt.flag, tt.env, c.Sampler, tt.sampler)
			}
		}
	}
}
