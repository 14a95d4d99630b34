package main

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"portico/cloud"
)

// place is where something stands in a file; both count from 1, and 0 is nowhere.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

// leaf is one value of a file that has no others in it. Path is written as in
// "services[0].port", value as in the file.
type leaf struct{ path, value string }

// configFile is the text of a configuration file and what stands where in it.
type configFile struct {
	text   []byte
	places map[string]place // by path
	leaves []leaf           // in the file's order
}

// readConfig is strict: a key that means nothing, and a value of another form than its key has, is
// a *configError.
func readConfig(text []byte) (config, *configFile, error) {
	f := &configFile{text: text, places: map[string]place{}}
	var c config
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return c, f, f.explain(err)
	}
	if len(parsed.Docs) > 1 {
		return c, f, f.wrong(placeOf(parsed.Docs[1].Start), "a second document begins here", "keep one document; nothing was changed")
	}
	for _, d := range parsed.Docs {
		if err := f.walk(d.Body, reflect.TypeFor[config](), ""); err != nil {
			return c, f, err
		}
	}
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return c, f, f.explain(err)
	}
	var m *misfit
	if err := c.check(); errors.As(err, &m) {
		return c, f, f.wrong(f.place(m.path), cloud.Clean(m.err.Error()), m.next)
	} else if err != nil {
		return c, f, err
	}
	return c, f, nil
}

// place is where a path stands, or the nearest part of it that the file has.
func (f *configFile) place(path string) place {
	for path != "" {
		if p, ok := f.places[path]; ok {
			return p
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{}
}

func (f *configFile) wrong(at place, what, next string) error {
	return &configError{text: f.text, at: at, what: what, next: next}
}

// walk notes where everything stands and refuses what a value of type t does not have.
func (f *configFile) walk(node ast.Node, t reflect.Type, path string) error {
	if node == nil {
		return nil
	}
	if _, seen := f.places[path]; path != "" && !seen {
		f.places[path] = placeOf(node.GetToken())
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		return f.walk(n.Value, t, path)
	case *ast.TagNode:
		return f.walk(n.Value, t, path)
	case *ast.AliasNode:
		f.leaves = append(f.leaves, leaf{path, n.String()})
		return nil
	case *ast.NullNode:
		if t == reflect.TypeFor[colour]() {
			return f.wrong(placeOf(n.GetToken()), "nothing stands here: after # all is a comment, so a colour needs quotes", `write "#rrggbb"`)
		}
		return nil
	case *ast.CommentGroupNode:
		return nil
	case *ast.SequenceNode:
		return f.walkList(n, t, path)
	case ast.MapNode:
		return f.walkMap(n, t, path)
	}
	f.leaves = append(f.leaves, leaf{path, node.GetToken().Value})
	if why := unfit(node, t); why != "" {
		return f.wrong(placeOf(node.GetToken()), why, "")
	}
	return nil
}

func (f *configFile) walkList(n *ast.SequenceNode, t reflect.Type, path string) error {
	if t.Kind() != reflect.Slice {
		return f.wrong(placeOf(n.GetToken()), "a list stands here, and it takes "+formOf(t), "")
	}
	for i, v := range n.Values {
		if err := f.walk(v, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (f *configFile) walkMap(n ast.MapNode, t reflect.Type, path string) error {
	var keys []string
	switch {
	case t.Kind() == reflect.Map:
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[netip.Addr]():
		keys = keysOf(t)
	default:
		return f.wrong(f.place(path), "keys stand here, and it takes "+formOf(t), "")
	}
	first := true
	for it := n.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			continue // what it brings is looked at where it is defined, and when it is decoded
		}
		name, at := it.Key().GetToken().Value, placeOf(it.Key().GetToken())
		if path != "" && first { // a block of keys begins with its first one
			f.places[path] = at
		}
		first = false
		below := fieldType(t, name)
		if below == nil {
			return f.unknownKey(name, at, keys)
		}
		if err := f.walk(it.Value(), below, strings.TrimPrefix(path+"."+name, ".")); err != nil {
			return err
		}
	}
	return nil
}

func (f *configFile) unknownKey(name string, at place, keys []string) error {
	what := fmt.Sprintf("there is no key %q here", cloud.Clean(name))
	next := "keys here are " + strings.Join(keys, ", ") + "; nothing was changed"
	if secretKey.MatchString(name) {
		return f.wrong(at, what, "no secrets belong in this file: credentials stand in clouds.yaml, SSH keys in the agent; "+next)
	}
	if near := nearest(name, keys); near != "" {
		what += fmt.Sprintf("; did you mean %q?", near)
	}
	return f.wrong(at, what, next)
}

// explain gives an error of the YAML library its place, and says it without words of Go.
func (f *configFile) explain(err error) error {
	var known yaml.Error
	if !errors.As(err, &known) {
		return f.wrong(place{}, cloud.Clean(err.Error()), "")
	}
	what := known.GetMessage()
	var typed *yaml.TypeError
	var over *yaml.OverflowError
	switch {
	case errors.As(err, &typed):
		what = "it takes " + formOf(typed.DstType)
	case errors.As(err, &over):
		what = "it takes " + formOf(over.DstType)
	}
	return f.wrong(placeOf(known.GetToken()), cloud.Clean(what), "")
}

// keysOf are the keys of a struct, as they are written in YAML.
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		keys = append(keys, name)
	}
	return keys
}

// fieldType is the type of what stands below a key; nil if there is no such key.
func fieldType(t reflect.Type, name string) reflect.Type {
	if t.Kind() == reflect.Map {
		return t.Elem()
	}
	for i, key := range keysOf(t) {
		if key == name {
			return t.Field(i).Type
		}
	}
	return nil
}

// unfit says why a single value is none of this type, or "".
func unfit(node ast.Node, t reflect.Type) string {
	text, ok := node.GetToken().Value, true
	switch {
	case t == reflect.TypeFor[time.Duration]():
		_, err := time.ParseDuration(text)
		ok = err == nil
	case t == reflect.TypeFor[netip.Addr]():
		_, err := netip.ParseAddr(text)
		ok = err == nil
	case t == reflect.TypeFor[colour]():
	case t.Kind() == reflect.Bool:
		_, ok = node.(*ast.BoolNode)
	case t.Kind() == reflect.Uint16:
		_, err := strconv.ParseUint(text, 0, 16)
		ok = err == nil
	default:
		ok = t.Kind() == reflect.String
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("%q stands here, and it takes %s", cloud.Clean(text), formOf(t))
}

// formOf is what a value of this type looks like.
func formOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a time with its unit, such as 60s or 2m"
	case reflect.TypeFor[netip.Addr]():
		return "an address such as 192.0.2.1"
	case reflect.TypeFor[colour]():
		return "a colour, or one for dark and one for light"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Uint16:
		return "a number from 0 to 65535"
	case reflect.Slice:
		return "a list, one entry a line, each after '- '"
	case reflect.Struct:
		return "keys: " + strings.Join(keysOf(t), ", ")
	case reflect.Map:
		return "names and values, as in 'name: value'"
	default:
		return "one text"
	}
}

// misfit is what is wrong with the value at a path.
type misfit struct {
	path string
	err  error
	next string
}

func (m *misfit) Error() string { return m.path + ": " + m.err.Error() }
func (m *misfit) Unwrap() error { return m.err }

// at says where in the file err is; nil stays nil. next may be "".
func at(path string, err error) error {
	if err == nil {
		return nil
	}
	x := cloud.Explain(err)
	var typed *cloud.Error
	if errors.As(err, &typed) {
		return &misfit{path, errors.New(x.What + ": " + x.Why), x.Next}
	}
	return &misfit{path, err, ""}
}
