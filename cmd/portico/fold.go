package main

import (
	"portico/gateway/publish"
)

// foldedRows are a table's lines for forwards to addresses without a VM: one for all that differ in their
// address alone. cells arranges the words as that table does.
func foldedRows(folds []publish.Fold, cells func(f publish.Fold, public, private, who string) []string) [][]string {
	rows := make([][]string, 0, len(folds))
	for _, f := range folds {
		rows = append(rows, cells(f, f.Public(), f.Private(), styleDim.Render(f.Who())))
	}
	return rows
}
