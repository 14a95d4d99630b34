// Package widget holds what screens are drawn from: text that fits, tables keyed by ID, panes and
// dialogs. Widgets are state in, text out; a widget's text never exceeds the size it was given.
//
// Width is counted in terminal cells by grapheme. Text from outside was cleaned where it entered
// the program, so it holds neither escape sequences nor control characters.
package widget
