// Command verify compares the tree engine with the libraries that trained the
// models in a folder, as train.py writes them: it prints a table of the worst
// differences and fails when one is above the limit of its kind.
//
//	go run ./runtime/trees/verify .cache/verify-trees/cases
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "verify: name the folder that train.py wrote")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

// run checks every case of a folder.
func run(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no cases in %s", folder)
	}
	slices.Sort(files)
	var r report
	for _, file := range files {
		c, err := readCase(file)
		if err != nil {
			return err
		}
		if err := c.check(&r); err != nil {
			r.fail(c.Name, err)
		}
	}
	r.print(os.Stdout)
	if notes, err := os.ReadFile(filepath.Join(folder, "notes.txt")); err == nil && len(notes) > 0 {
		fmt.Printf("\nnot compared, because the library refuses it:\n%s", notes)
	}
	if len(r.failures) > 0 {
		return fmt.Errorf("%d cases differ", len(r.failures))
	}
	return nil
}
