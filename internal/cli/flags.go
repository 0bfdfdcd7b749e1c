package cli

import (
	"fmt"
	"net"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
)

// A hostPort is where a port is opened; "" is none.
type hostPort string

// UnmarshalText implements encoding.TextUnmarshaler. What is wrong with an address is
// found here, since its port opens when the models have loaded.
func (a *hostPort) UnmarshalText(text []byte) error {
	*a = hostPort(text)
	if len(text) == 0 {
		return nil
	}
	_, port, err := net.SplitHostPort(string(text))
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080", text)
	}
	return nil
}

// durations reads flags that are durations, with an example where kong has the words of
// package time.
func durations() kong.Option {
	return kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(func(from *kong.DecodeContext, to reflect.Value) error {
		var text string
		if err := from.Scan.PopValueInto("duration", &text); err != nil {
			return fmt.Errorf("read a duration: %w", err)
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 500ms, 30s or 5m", text)
		}
		to.SetInt(int64(d))
		return nil
	}))
}

// flagHelp is the help of a flag, with its default, where kong does not write that
// itself, and the variable that sets it too.
func flagHelp(v *kong.Value) string {
	if v.Flag == nil {
		return v.Help
	}
	more := ""
	if v.Default != "" && v.Flag.PlaceHolder != "" {
		more = "default " + v.Default
	}
	if v.Tag.Has(settingTag) {
		if more != "" {
			more += ", "
		}
		more += "$" + variable(v.Name)
	}
	if more == "" {
		return v.Help
	}
	return fmt.Sprintf("%s (%s)", v.Help, more)
}
