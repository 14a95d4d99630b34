package kernel

import "slices"

// maxJumps is how deep chains may call one another (NFT_JUMP_STACK_SIZE).
const maxJumps = 16

// validate is what the kernel verifies of a whole table at commit: from no built-in chain may a
// path lead in a circle or too deep, or to a target that has no place there.
func (t *transaction) validate() *refusal {
	for _, hook := range builtin[t.name] {
		v := &walk{t: t, hook: hook, seen: map[string]int{}}
		if r := v.chain(hook, 0); r != nil {
			r.line = t.line
			return r
		}
	}
	return nil
}

// walk visits what one built-in chain leads to. seen holds the greatest depth at which each
// chain was visited: a second visit no deeper finds nothing new.
type walk struct {
	t    *transaction
	hook string
	seen map[string]int
}

func (w *walk) chain(name string, depth int) *refusal {
	if before, ok := w.seen[name]; ok && before >= depth {
		return nil
	}
	w.seen[name] = depth
	if depth >= maxJumps {
		return denied("RULE_APPEND", tooDeep, "rule in chain "+name)
	}
	for _, r := range w.t.table[name].Rules {
		target, _ := r.Target()
		if ext := targets[target]; ext != nil && ext.hooks != nil && !slices.Contains(ext.hooks, w.hook) {
			return denied("RULE_APPEND", invalid, "rule in chain "+name)
		}
		if w.t.table[target] == nil {
			continue
		}
		if r := w.chain(target, depth+1); r != nil {
			return r
		}
	}
	return nil
}
