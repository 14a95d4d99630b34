package scheme

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// The bounds of a formula: one from a config file must not be able to take long or much memory.
const (
	maxFormula = 200
	maxNodes   = 100
)

// formula is arithmetic over the variables of an address. It has no functions, strings, lists or
// loops, so that one evaluation takes bounded time and changes nothing.
type formula struct{ program *vm.Program }

// variables are what a formula computes with.
type variables struct {
	N    int `expr:"n"`
	Oct1 int `expr:"oct1"`
	Oct2 int `expr:"oct2"`
	Oct3 int `expr:"oct3"`
	Oct4 int `expr:"oct4"`
	X    int `expr:"x"`
	Y    int `expr:"y"`
}

func variablesOf(subnet netip.Prefix, addr netip.Addr) variables {
	o := addr.As4()
	return variables{
		N:    int(number(addr) - number(subnet.Masked().Addr())),
		Oct1: int(o[0]), Oct2: int(o[1]), Oct3: int(o[2]), Oct4: int(o[3]),
		X: int(o[3]), Y: int(o[2]),
	}
}

func compile(text string) (formula, error) {
	if strings.TrimSpace(text) == "" {
		return formula{}, errors.New("it is empty")
	}
	if len(text) > maxFormula {
		return formula{}, fmt.Errorf("it is longer than %d characters", maxFormula)
	}
	guard := &arithmeticOnly{}
	program, err := expr.Compile(text,
		expr.Env(variables{}), expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes), expr.Patch(guard))
	if guard.err != nil {
		return formula{}, guard.err
	}
	if err != nil {
		return formula{}, placed(err)
	}
	return formula{program}, nil
}

// placed makes expr's error one line that names the place.
func placed(err error) error {
	var at *file.Error
	if errors.As(err, &at) && at.Line > 0 {
		return &FormulaError{At: at.Column + 1, Why: at.Message}
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return &FormulaError{Why: message}
}

// FormulaError says what is wrong with a formula, and at which of its characters, from 1; 0 is nowhere.
type FormulaError struct {
	At  int
	Why string
}

func (e *FormulaError) Error() string {
	if e.At == 0 {
		return e.Why
	}
	return fmt.Sprintf("at character %d: %s", e.At, e.Why)
}

// CheckFormula says what is wrong with a formula by itself; nil if it can be computed. Other errors
// than *[FormulaError] are about the whole.
func CheckFormula(text string) error {
	_, err := compile(text)
	return err
}

// operators are those of two operands that a formula may use.
var operators = []string{"+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "and", "or", "&&", "||"}

// arithmeticOnly is a visitor that refuses whatever is not arithmetic, comparison or choice.
type arithmeticOnly struct{ err error }

func (g *arithmeticOnly) Visit(node *ast.Node) {
	if g.err != nil {
		return
	}
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			g.refuse(n, "$env is not a variable")
		}
	case *ast.IntegerNode, *ast.BoolNode, *ast.ConditionalNode, *ast.UnaryNode:
	case *ast.FloatNode:
		g.refuse(n, "only whole numbers can be used")
	case *ast.BinaryNode:
		if !slices.Contains(operators, n.Operator) {
			g.refuse(n, fmt.Sprintf("the operator %s cannot be used", n.Operator))
		}
	default:
		g.refuse(n, "only whole-number arithmetic can be used")
	}
}

func (g *arithmeticOnly) refuse(n ast.Node, why string) {
	g.err = &FormulaError{At: n.Location().From + 1, Why: why}
}

// port evaluates the formula for one address. Whatever is not a whole number within
// [MinPort, MaxPort] is an error.
func (f formula) port(subnet netip.Prefix, addr netip.Addr) (uint16, error) {
	result, err := vm.Run(f.program, variablesOf(subnet, addr))
	if err != nil {
		return 0, placed(err)
	}
	var value float64
	switch v := result.(type) {
	case int:
		value = float64(v)
	case float64:
		value = v
	default:
		return 0, fmt.Errorf("the formula gives %v, which is not a number", v)
	}
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, errors.New("the formula divides by zero")
	case value != math.Trunc(value):
		return 0, fmt.Errorf("the formula gives %g, which is not a whole number", value)
	case value < MinPort || value > MaxPort:
		return 0, &outOfRangeError{value}
	}
	return uint16(value), nil
}

// outOfRangeError says that a formula gave a number that is not a port a scheme may use.
type outOfRangeError struct{ value float64 }

func (e *outOfRangeError) Error() string {
	return fmt.Sprintf("the formula gives %.0f, which is outside of the ports %d to %d", e.value, MinPort, MaxPort)
}
