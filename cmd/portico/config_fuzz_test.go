package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"portico/cloud"
)

// FuzzConfig: whatever the configuration file holds, it is used or refused, and what is said of
// it is one clean text.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"gateway: gw\ngateways: [{name: gw, host: h, port: 22, fixed_ip: 192.0.2.1}]\n", "services: [{name: x, protocol: tcp, port: 1}]\n",
		"schemes:\n- {name: own, services: [{service: ssh, port: 22, formula: 30000+n}]}\nscheme: own\n", "schemes: [{name: r, first: 2000, last: 1}]\n",
		"login: {default: d, images: {a: b}}\n", "a: &a [*a]\n", "a: &x {b: *x}\n<<: *x\n", "gateway: !!binary x\n", "? [a]\n: b\n", "gateway: \"\\x1b[31m\"\n", "services: [{port: 1e9}]\n",
		"gateways: [{fixed_ip: x}]\n", "- a\n", "%YAML 9\n---\n", "gateway: |\n  a\n b\n", "scheme: \u033c\n", "{\n", "\x00", "gateway: a\n---\ngateway: b\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := readConfig(text)
		if err == nil {
			_, err = newApp(os.Stdin, os.Stdout, os.Stderr).options(c)
		}
		if x := cloud.Explain(err); err != nil && (x.What == "" || strings.Contains(x.What+x.Why, "panic")) {
			t.Fatalf("%q is refused with %v", text, err)
		}
	})
}

// FuzzReplaceBlock: putting our block into ~/.ssh/config keeps everything else byte by byte, and
// putting it there again changes nothing.
func FuzzReplaceBlock(f *testing.F) {
	for _, old := range []string{"", "Host a\n", beginMark + "\nHost x\n" + endMark + "\nHost b", "a\n" + beginMark + "\n", endMark + "\n" + beginMark + "\n", beginMark + "\n" + endMark} {
		f.Add([]byte(old))
	}
	const block = "Host vm\n    HostName 203.0.113.10\n\n"
	f.Fuzz(func(t *testing.T, old []byte) {
		once, err := replaceBlock(old, block)
		if err != nil {
			return
		}
		if twice, err := replaceBlock(once, block); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q becomes %q and then %q, %v", old, once, twice, err)
		}
		begin := bytes.Index(once, []byte(beginMark+"\n"))
		length := bytes.Index(once[begin:], []byte(endMark+"\n")) + len(endMark) + 1
		before, after := once[:begin], once[begin+length:]
		if !bytes.HasPrefix(old, before) || !bytes.HasSuffix(old, after) {
			t.Fatalf("%q lost something: %q ... %q", old, before, after)
		}
	})
}
