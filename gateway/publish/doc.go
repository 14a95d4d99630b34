// Package publish holds the use cases: list, plan, apply, withdraw, test. The screens and the
// commands are two faces of it; neither knows how a forward is made.
//
//	Inventory (cloud) ─┐
//	Observe (gateway) ─┴─> Snapshot ── Request ──> Proposal ── Apply ──> Report ── Probe ──> Results
package publish
