//go:build unix && !linux

package python

import (
	"errors"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

const canMeasure = false

func resident(int) (int64, error) { return 0, errors.ErrUnsupported }
