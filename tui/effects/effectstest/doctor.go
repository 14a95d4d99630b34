package effectstest

import (
	"context"
	"slices"

	"portico/gateway/doctor"
	"portico/gateway/publish"
)

// All is the backend's diagnosis, once.
func (b *Backend) All(ctx context.Context, emit func(done, total int)) ([]doctor.Diagnosis, error) {
	if err := b.enter(ctx, "All"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	emit(0, 1)
	emit(1, 1)
	return []doctor.Diagnosis{b.Diagnosis}, b.DiagnosisErr
}

// SnapshotFor is what stands now.
func (b *Backend) SnapshotFor(ctx context.Context, _ publish.Request) (publish.Snapshot, error) {
	gw, state, err := b.Observe(ctx, b.Project)
	return publish.Snapshot{Inventory: b.Project, Gateway: gw, State: &state}, err
}

// Diagnose answers with the backend's diagnosis, and tells of its hops one by one.
func (b *Backend) Diagnose(ctx context.Context, t doctor.Target, emit func(doctor.Progress)) (doctor.Diagnosis, error) {
	if err := b.enter(ctx, "Diagnose"); err != nil {
		return doctor.Diagnosis{}, err
	}
	b.mu.Lock()
	d, err, hold := b.Diagnosis, b.DiagnosisErr, b.HoldHops
	b.Asked = t
	b.mu.Unlock()
	if err != nil {
		return doctor.Diagnosis{}, err
	}
	hops := make([]doctor.Hop, len(d.Hops))
	for i, h := range d.Hops {
		hops[i] = doctor.Hop{N: h.N, ID: h.ID, Title: h.Title}
	}
	for i, h := range d.Hops {
		hops[i] = h
		emit(doctor.Progress{Title: d.Title, Hops: slices.Clone(hops)})
		if hold != nil && i == 0 {
			select {
			case <-hold:
			case <-ctx.Done():
				return doctor.Diagnosis{}, ctx.Err()
			}
		}
	}
	return d, nil
}
