package emulator

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

var ruleAttributes = []string{
	"security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
	"remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description", "tenant_id", "project_id",
}

// protocols are the names Neutron knows, with their IANA numbers.
var protocols = map[string]int{
	"ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "igmp": 2, "ip": 0, "ipip": 4,
	"ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60,
	"ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136,
	"vrrp": 112,
}

const protocolList = "[None, 'ah', 'dccp', 'egp', 'esp', 'gre', 'hopopt', 'icmp', 'igmp', 'ip', 'ipip', 'ipv6-encap', " +
	"'ipv6-frag', 'ipv6-icmp', 'icmpv6', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route', 'ospf', 'pgm', 'rsvp', 'sctp', " +
	"'tcp', 'udp', 'udplite', 'vrrp'] and integer representations [0 to 255]"

// protocolNumber is the IANA number of a protocol given by name or number; "" stays "".
func protocolNumber(p string) string {
	if n, ok := protocols[p]; ok {
		return strconv.Itoa(n)
	}
	return p
}

// groupError is a 400 of Neutron's security group extension.
func groupError(kind, format string, args ...any) *response {
	res := neutronError(http.StatusBadRequest, kind, fmt.Sprintf(format, args...))
	return &res
}

// readRule reads a rule's attributes with the checks that need no model, in Neutron's order and
// words: first each attribute by itself, then what must fit together.
func readRule(attrs map[string]any) (*rule, *response) {
	for _, key := range []string{"security_group_id", "direction"} {
		if !hasKey(attrs, key) {
			return nil, groupError("HTTPBadRequest", "Failed to parse request. Required attribute '%s' not specified", key)
		}
	}
	if bad := unrecognized(attrs, ruleAttributes...); bad != nil {
		return nil, bad
	}
	x := &rule{ethertype: ipv4}
	x.group, _ = attrs["security_group_id"].(string)
	x.direction, _ = attrs["direction"].(string)
	x.remoteGroup, _ = attrs["remote_group_id"].(string)
	description, _ := attrs["description"].(string)
	x.description = &description
	if x.direction != ingress && x.direction != egress {
		return nil, groupError("HTTPBadRequest", "Invalid input for direction. Reason: %v is not in valid_values.", attrs["direction"])
	}
	if bad := x.readProtocol(attrs["protocol"]); bad != nil {
		return nil, bad
	}
	for key, field := range map[string]**int{"port_range_min": &x.portMin, "port_range_max": &x.portMax} {
		if bad := readPort(attrs[key], field); bad != nil {
			return nil, bad
		}
	}
	if e := attrs["ethertype"]; e != nil {
		name := fmt.Sprint(e)
		i := slices.IndexFunc([]string{ipv4, ipv6}, func(s string) bool { return strings.EqualFold(s, name) })
		if i < 0 {
			return nil, groupError("SecurityGroupRuleInvalidEtherType",
				"Security group rule for ethertype '%s' not supported. Allowed values are ['IPv4', 'IPv6'].", name)
		}
		x.ethertype = []string{ipv4, ipv6}[i]
	}
	if bad := x.readPrefix(attrs["remote_ip_prefix"]); bad != nil {
		return nil, bad
	}
	return x, x.validate()
}

func (x *rule) readProtocol(v any) *response {
	switch p := v.(type) {
	case nil:
	case float64:
		x.protocol = strconv.FormatFloat(p, 'f', -1, 64)
	case string:
		x.protocol = strings.ToLower(p)
	default:
		x.protocol = fmt.Sprint(p)
	}
	_, named := protocols[x.protocol]
	n, err := strconv.Atoi(x.protocol)
	if x.protocol != "" && !named && (err != nil || n < 0 || n > 255) {
		return groupError("SecurityGroupRuleInvalidProtocol",
			"Security group rule protocol %s not supported. Only protocol values %s are supported.", x.protocol, protocolList)
	}
	return nil
}

func readPort(v any, field **int) *response {
	if v == nil || v == "" {
		return nil
	}
	n, ok := integer(v)
	if !ok || n < 0 || n > 65535 {
		return groupError("SecurityGroupInvalidPortValue", "Invalid value for port %v", v)
	}
	*field = &n
	return nil
}

func (x *rule) readPrefix(v any) *response {
	if v == nil || v == "" {
		return nil
	}
	text := fmt.Sprint(v)
	if _, err := parsePrefix(text); err != nil {
		return groupError("InvalidCIDR", "Invalid CIDR %s given as IP prefix.", text)
	}
	x.prefix = text
	if a, err := netip.ParseAddr(text); err == nil {
		x.prefix = netip.PrefixFrom(a, a.BitLen()).String()
	}
	return nil
}

// validate checks what must fit together.
func (x *rule) validate() *response {
	if x.portMin != nil && *x.portMin == 1 && x.portMax != nil && *x.portMax == 65535 {
		x.portMin, x.portMax = nil, nil
	}
	if bad := x.validatePorts(); bad != nil {
		return bad
	}
	if p, err := netip.ParsePrefix(x.prefix); err == nil && p.Addr().Is4() != (x.ethertype == ipv4) {
		return groupError("SecurityGroupRuleParameterConflict",
			"Conflicting value ethertype %s for CIDR %s", x.ethertype, x.prefix)
	}
	if protocolNumber(x.protocol) == "58" && x.ethertype == ipv4 {
		return groupError("SecurityGroupEthertypeConflictWithProtocol",
			"Invalid ethertype %s for protocol %s.", x.ethertype, x.protocol)
	}
	if x.prefix != "" && x.remoteGroup != "" {
		return groupError("SecurityGroupMultipleRemoteEntites",
			"Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.")
	}
	return nil
}

func (x *rule) validatePorts() *response {
	if x.portMin == nil && x.portMax == nil {
		return nil
	}
	if x.protocol == "" {
		return groupError("SecurityGroupProtocolRequiredWithPorts",
			"Must also specify protocol if port range is given.")
	}
	switch protocolNumber(x.protocol) {
	case "6", "17", "33", "132", "136":
		if x.portMin != nil && *x.portMin == 0 || x.portMax != nil && *x.portMax == 0 {
			return groupError("SecurityGroupInvalidPortValue", "Invalid value for port 0")
		}
		if x.portMin == nil || x.portMax == nil || *x.portMin > *x.portMax {
			return groupError("SecurityGroupInvalidPortRange",
				"For TCP/UDP protocols, port_range_min must be <= port_range_max")
		}
	case "1", "58":
		return x.validateICMP()
	default:
		return groupError("SecurityGroupInvalidProtocolForPort",
			"Ports cannot be specified for protocol %s. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.", protocolNumber(x.protocol))
	}
	return nil
}

// validateICMP: the port fields hold type and code.
func (x *rule) validateICMP() *response {
	for _, f := range []struct {
		value      *int
		what, attr string
	}{{x.portMin, "type", "port_range_min"}, {x.portMax, "code", "port_range_max"}} {
		if f.value != nil && *f.value > 255 {
			return groupError("SecurityGroupInvalidIcmpValue",
				"Invalid value for ICMP %s (%s) %d. It must be 0 to 255.", f.what, f.attr, *f.value)
		}
	}
	if x.portMin == nil {
		return groupError("SecurityGroupMissingIcmpType",
			"ICMP code (port-range-max) %d is provided but ICMP type (port-range-min) is missing.", *x.portMax)
	}
	return nil
}
