package grpc

import (
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

var errNoSettings = serve.Errorf(serve.NotOffered, "", "this server has no settings of logs and traces")

// traceSetting changes the settings of traces that are named, and answers with all.
func (c *call) traceSetting(r *pb.TraceSettingRequest) (*pb.TraceSettingResponse, error) {
	c.model = r.GetModelName()
	if c.s.opts.Settings == nil {
		return nil, errNoSettings
	}
	change := make(map[string][]string, len(r.GetSettings()))
	for key, v := range r.GetSettings() {
		change[key] = v.GetValue()
	}
	now, err := c.s.opts.Settings.Traces(c.model, change)
	if err != nil {
		return nil, err
	}
	resp := &pb.TraceSettingResponse{Settings: make(map[string]*pb.TraceSettingResponse_SettingValue, len(now))}
	for key, values := range now {
		resp.Settings[key] = &pb.TraceSettingResponse_SettingValue{Value: values}
	}
	return resp, nil
}

// logSettings does the same for logs.
func (c *call) logSettings(r *pb.LogSettingsRequest) (*pb.LogSettingsResponse, error) {
	if c.s.opts.Settings == nil {
		return nil, errNoSettings
	}
	change := make(map[string]any, len(r.GetSettings()))
	for key, v := range r.GetSettings() {
		change[key] = logSetting(v)
	}
	now, err := c.s.opts.Settings.Logs(change)
	if err != nil {
		return nil, err
	}
	resp := &pb.LogSettingsResponse{Settings: make(map[string]*pb.LogSettingsResponse_SettingValue, len(now))}
	for key, v := range now {
		resp.Settings[key] = logValue(v)
	}
	return resp, nil
}

// logSetting is nil for a value without anything in it.
func logSetting(v *pb.LogSettingsRequest_SettingValue) any {
	switch p := v.GetParameterChoice().(type) {
	case *pb.LogSettingsRequest_SettingValue_BoolParam:
		return p.BoolParam
	case *pb.LogSettingsRequest_SettingValue_Uint32Param:
		return int64(p.Uint32Param)
	case *pb.LogSettingsRequest_SettingValue_StringParam:
		return p.StringParam
	}
	return nil
}

func logValue(v any) *pb.LogSettingsResponse_SettingValue {
	switch v := v.(type) {
	case bool:
		return &pb.LogSettingsResponse_SettingValue{ParameterChoice: &pb.LogSettingsResponse_SettingValue_BoolParam{BoolParam: v}}
	case int64:
		return &pb.LogSettingsResponse_SettingValue{ParameterChoice: &pb.LogSettingsResponse_SettingValue_Uint32Param{Uint32Param: uint32(v)}} //nolint:gosec // that is what there is
	case string:
		return &pb.LogSettingsResponse_SettingValue{ParameterChoice: &pb.LogSettingsResponse_SettingValue_StringParam{StringParam: valid(v)}}
	}
	return nil
}
