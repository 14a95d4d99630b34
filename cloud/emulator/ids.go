package emulator

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// namespace makes the cloud's UUIDs its own.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("portico:cloud/emulator"))

// ID returns the UUID that the thing of this kind and name has in every cloud this package
// starts: ID("server", "blast-db") is the same today and tomorrow. Kinds are Neutron's and
// Nova's resource names in the singular. Of two things of one kind and name only the first has it.
func ID(kind, name string) string {
	return uuid.NewSHA1(namespace, []byte(kind+"/"+name)).String()
}

// hexID is an ID as Keystone writes them.
func hexID(kind, name string) string { return strings.ReplaceAll(ID(kind, name), "-", "") }

// newID returns the ID for a new thing: by name where the name is free, else by number.
func (m *Model) newID(kind, name string) string {
	id := m.idOf(kind, name)
	for name == "" || m.used[id] {
		m.serial++
		id = m.idOf(kind, fmt.Sprintf("%s#%d", name, m.serial))
		if !m.used[id] {
			break
		}
	}
	m.used[id] = true
	return id
}

// idOf is [ID] within the model's project.
func (m *Model) idOf(kind, name string) string { return ID(kind, m.salt+name) }

// macOf derives a port's MAC address from its ID, within Neutron's default prefix.
func macOf(id string) string {
	u := uuid.MustParse(id)
	return fmt.Sprintf("fa:16:3e:%02x:%02x:%02x", u[0], u[1], u[2])
}
