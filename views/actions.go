package views

import "slices"

// Action is something that has a key, by the name that the configuration binds it by. Screens know it
// by its own keys; the console puts those in the place of what the operator has bound.
type Action struct {
	Name    string
	Keys    []string // its own ones, the first is shown
	Does    string
	On      []Target // the screens that have it; none: all
	Changes bool     // it changes something, or begins to
}

// lists are the screens whose body is a list.
var lists = []Target{Instances, FloatingIPs, Forwards, Gateways, TestsTab, History, Rounds}

// Actions are all that can be bound to other keys. Enter, esc and the arrows are what they are
// everywhere, and so are the keys of questions and menus.
func Actions() []Action {
	return []Action{
		{Name: "palette", Keys: []string{":"}, Does: "find and do everything by name"},
		{Name: "switch", Keys: []string{"ctrl+o"}, Does: "go to another cloud, project or gateway"},
		{Name: "mouse", Keys: []string{"ctrl+g"}, Does: "use the mouse, or leave it to the terminal"},
		{Name: "help", Keys: []string{"?"}, Does: "all keys"},
		{Name: "theme", Keys: []string{"T"}, Does: "another theme"},
		{Name: "quit", Keys: []string{"q"}, Does: "back, and quit"},
		{Name: "background", Keys: []string{"ctrl+z"}, Does: "to the background"},
		{Name: "instances", Keys: []string{"1"}, Does: "the tab"},
		{Name: "floating-ips", Keys: []string{"2"}, Does: "the tab"},
		{Name: "forwards", Keys: []string{"3"}, Does: "the tab"},
		{Name: "gateways", Keys: []string{"4"}, Does: "the tab"},
		{Name: "tests", Keys: []string{"5"}, Does: "the tab"},
		{Name: "history", Keys: []string{"6"}, Does: "the tab"},
		{Name: "publish", Keys: []string{"p"}, Does: "publish", On: []Target{Instances}, Changes: true},
		{Name: "subnet", Keys: []string{"N"}, Does: "publish a whole subnet", On: []Target{Instances}, Changes: true},
		{Name: "sync", Keys: []string{"="}, Does: "bring forwards into step", On: []Target{Instances, Forwards, Gateways}, Changes: true},
		{Name: "withdraw", Keys: []string{"w"}, Does: "withdraw", On: []Target{Instances, Forwards}, Changes: true},
		{Name: "move", Keys: []string{"e"}, Does: "have the other engine carry it", On: []Target{Forwards}, Changes: true},
		{Name: "test", Keys: []string{"t"}, Does: "test", On: []Target{Instances, Forwards, TestsTab, ApplyRun}},
		{Name: "doctor", Keys: []string{"d"}, Does: "find out what is wrong", On: []Target{Instances, FloatingIPs, Forwards, Gateways, TestsTab, ApplyRun}},
		{Name: "doctor-all", Keys: []string{"D"}, Does: "the same of all forwards", On: []Target{Forwards, Gateways}},
		{Name: "fix", Keys: []string{"f"}, Does: "put right what was found", On: []Target{Doctor, PublishForm}},
		{Name: "copy", Keys: []string{"y"}, Does: "copy the ssh command, or what there is to copy", On: append([]Target{Preview, ApplyRun, Doctor, CopyMenu}, lists...)},
		{Name: "copy-as", Keys: []string{"Y"}, Does: "copy as something else", On: []Target{Instances, Forwards, TestsTab, ApplyRun, CopyMenu}},
		{Name: "select", Keys: []string{"s"}, Does: "show what is to be copied, to select it", On: []Target{CopyMenu}},
		{Name: "refresh", Keys: []string{"r"}, Does: "read, look or run again", On: append([]Target{PublishForm, CreateGateway, Doctor}, lists...)},
		{Name: "repair", Keys: []string{"R"}, Does: "repair the gateway", On: []Target{Gateways}, Changes: true},
		{Name: "adopt", Keys: []string{"A"}, Does: "adopt what was made by hand", On: []Target{Gateways}, Changes: true},
		{Name: "prepare", Keys: []string{"P"}, Does: "prepare a machine as a gateway", On: []Target{Gateways}, Changes: true},
		{Name: "retire", Keys: []string{"X"}, Does: "retire the gateway", On: []Target{Gateways}, Changes: true},
		{Name: "import", Keys: []string{"I"}, Does: "the same, with forwards to addresses that no VM has", On: []Target{Gateways}, Changes: true},
		{Name: "attach", Keys: []string{"a"}, Does: "attach a floating IP", On: []Target{FloatingIPs}, Changes: true},
		{Name: "detach", Keys: []string{"x"}, Does: "detach it", On: []Target{FloatingIPs}, Changes: true},
		{Name: "allocate", Keys: []string{"n"}, Does: "get another one", On: []Target{FloatingIPs}, Changes: true},
		{Name: "release", Keys: []string{"X"}, Does: "give it back", On: []Target{FloatingIPs}, Changes: true},
		{Name: "create-gateway", Keys: []string{"c"}, Does: "make a gateway from nothing", On: []Target{Gateways}, Changes: true},
		{Name: "export", Keys: []string{"e"}, Does: "write to a file", On: []Target{Preview}},
		{Name: "port-map", Keys: []string{"m"}, Does: "the map of ports", On: []Target{PublishForm, SubnetForm, Gateways}},
		{Name: "save", Keys: []string{"ctrl+s"}, Does: "save the formula as a scheme", On: []Target{PublishForm, SubnetForm}},
		{Name: "pause", Keys: []string{"space"}, Does: "pause the tests", On: []Target{TestsTab}},
		{Name: "mark", Keys: []string{"space"}, Does: "mark a row", On: []Target{Instances, Forwards, Gateways}},
		{Name: "mark-all", Keys: []string{"A"}, Does: "mark all in the list", On: []Target{Instances, Forwards}},
		{Name: "mark-range", Keys: []string{"V"}, Does: "mark a range", On: []Target{Instances, Forwards}},
		{Name: "mark-down", Keys: []string{"J", "shift+down"}, Does: "mark on the way down", On: []Target{Instances, Forwards}},
		{Name: "mark-up", Keys: []string{"K", "shift+up"}, Does: "mark on the way up", On: []Target{Instances, Forwards}},
		{Name: "filter", Keys: []string{"/"}, Does: "filter the list", On: lists},
		{Name: "sort", Keys: []string{">"}, Does: "sort by the next column", On: lists},
		{Name: "sort-back", Keys: []string{"<"}, Does: "sort by the column before", On: lists},
		{Name: "reverse", Keys: []string{"S"}, Does: "the other way round", On: lists},
	}
}

// Has reports whether a screen has the action.
func (a Action) Has(t Target) bool { return len(a.On) == 0 || slices.Contains(a.On, t) }

// Keys are the keys that the operator has bound, by the names of actions; nil are Portico's own.
type Keys map[string][]string

// Of is the key of an action, for texts that name it.
func (k Keys) Of(name string) string {
	if own := k[name]; len(own) > 0 {
		return own[0]
	}
	for _, a := range Actions() {
		if a.Name == name {
			return a.Keys[0]
		}
	}
	return name
}
