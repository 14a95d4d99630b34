.DEFAULT_GOAL := help
.PHONY: help build demo test lint fuzz kernel lab screenshots bench bench-network performance ci

help: ## show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-13s %s\n", $$1, $$2}'

build: ## build the binary into bin/
	go build -trimpath -o bin/portico ./cmd/portico

demo: ## the console on an embedded cloud
	go run ./cmd/portico demo

test: ## all tests that need nothing but Go
	go test ./...

lint: ## gofmt, go vet and golangci-lint, with the import rules
	.ci/lint

fuzz: ## every fuzz target, FUZZTIME (30s) each
	.ci/fuzz

kernel: ## the contract tests on this machine's real iptables (root; network namespaces)
	go test -count=1 -tags kernel ./gateway/...

lab: ## bring up the OpenStack lab (root, Debian 12), with a gateway and a VM in it
	.ci/openstack-lab/oslab up && .ci/openstack-lab/oslab gateway gw && .ci/openstack-lab/oslab vm vm2

screenshots: ## make screenshots/ anew from the running program: SVG, PNG and the recording
	go test -count=1 -run Screenshots ./cmd/portico -screenshots

bench: ## benchmarks
	go test -run '^$$' -bench . -benchmem ./...

bench-network: ## what a connection costs by the rules before it: linear, nftables map, tree, none (root; network namespaces)
	PORTICO_MEASURE=all go test -count=1 -timeout 30m -v -tags kernel -run '^TestNetworkCost$$' ./gateway/nat

performance: bench-network ## all tables of the README's Performance section (root; network namespaces; minutes on a quiet machine)
	PORTICO_MEASURE=all go test -count=1 -timeout 30m -v -tags kernel -run '^(TestLoadCost|TestScale)$$' ./gateway/nat
	PORTICO_MEASURE=all go test -count=1 -v -run '^(TestWholeSubnet|TestRefreshRequests)$$' ./gateway/publish
	PORTICO_MEASURE=all go test -count=1 -v -run '^TestMany$$' ./gateway/probe
	PORTICO_MEASURE=all go test -count=1 -v -run '^TestConsoleMemory$$' ./cmd/portico
	go test -run '^$$' -bench '^(BenchmarkPlan|BenchmarkScale|BenchmarkPreview|BenchmarkFirstFrame)$$' -benchmem ./gateway/publish ./gateway/nat ./views/preview ./cmd/portico

ci: ## everything that CI runs
	.ci/run
