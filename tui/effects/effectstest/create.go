package effectstest

import (
	"context"

	"portico/cloud"
	"portico/gateway/provision"
)

// Material is what a small cloud has.
func (b *Backend) Material(ctx context.Context) (cloud.Material, error) {
	if err := b.enter(ctx, "Material"); err != nil {
		return cloud.Material{}, err
	}
	return cloud.Material{
		Flavors:  []cloud.Flavor{{ID: "small", Name: "small", VCPUs: 1, RAM: 1024, Disk: 10}},
		Images:   []cloud.BootImage{{Image: cloud.Image{ID: "debian", Name: "debian-12", Distro: "debian"}, Status: "active", Visibility: "public"}},
		KeyPairs: []cloud.KeyPair{{Name: "laptop", PublicKey: "ssh-ed25519 AAAA"}},
	}, nil
}

// OwnKeys is the private half of the only key pair.
func (b *Backend) OwnKeys() []provision.Key {
	return []provision.Key{{File: "~/.ssh/id_ed25519", PublicKey: "ssh-ed25519 AAAA"}}
}
