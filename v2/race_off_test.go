//go:build !race

package v2_test

const raced = false
