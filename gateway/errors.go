package gateway

import "portico/cloud"

// Error is the cloud package's: one error type serves all layers.
type Error = cloud.Error

// Kind is what sort of failure an [Error] is.
type Kind = cloud.Kind

// The kinds, so that packages below gateway need not import cloud for them alone.
const (
	Internal    = cloud.Internal
	Unreachable = cloud.Unreachable
	Auth        = cloud.Auth
	HostKey     = cloud.HostKey
	Permission  = cloud.Permission
	NotFound    = cloud.NotFound
	Conflict    = cloud.Conflict
	Stale       = cloud.Stale
	Quota       = cloud.Quota
	Invalid     = cloud.Invalid
	Partial     = cloud.Partial
	Transient   = cloud.Transient
)
