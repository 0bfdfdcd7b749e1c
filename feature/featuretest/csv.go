package featuretest

import (
	"encoding/csv"
	"fmt"
	"strings"
)

// CustomersCSV is [Customers] as a CSV file.
func CustomersCSV() string {
	rows := [][]string{{"id", "city", "age", "income", "active"}}
	for id, r := range Customers {
		rows = append(rows, []string{fmt.Sprint(id), cell(r[3]), cell(r[0]), cell(r[1]), cell(r[2])})
	}
	return written(rows)
}

// ReadingsCSV is [Readings] as a CSV file.
func ReadingsCSV() string {
	rows := [][]string{{"device", "country", "value"}}
	for key, r := range Readings {
		rows = append(rows, []string{key[1], key[0], cell(r[0])})
	}
	return written(rows)
}

func cell(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func written(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.WriteAll(rows) // a Builder takes all
	return b.String()
}
