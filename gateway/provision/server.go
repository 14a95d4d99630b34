package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/plan"
)

// The metadata of an instance that was made as a gateway.
const (
	metaRole = "portico"
	metaPlan = "portico-plan"
)

func (b *builder) serverStep() plan.Step {
	s := &serverStep{b: b}
	return s
}

// serverStep asks for the instance. Its Undo waits until it is gone: its port is needed no longer then.
type serverStep struct {
	b *builder
	m made
}

func (s *serverStep) Change() plan.Change {
	c := s.b.c
	words := []string{"server", "create", "--image", c.Image.ID, "--flavor", c.Flavor.ID, "--port", c.Name, "--key-name", c.Key, "--property", metaRole + "=gateway"}
	after := []string{"image " + c.Image.Name, "flavor " + c.Flavor.Name + ": " + sizes(c.Flavor), "key pair " + c.Key}
	if len(s.b.wish.UserData) > 0 {
		words = append(words, "--user-data", "FILE")
		after = append(after, fmt.Sprintf("user data: %s, %d bytes", s.b.wish.Script, len(s.b.wish.UserData)))
	}
	return plan.Change{
		ID: "server", Target: "instance " + c.Name, Title: "make it from " + c.Image.Name + ", " + c.Flavor.Name, Action: plan.Create,
		After: after, Shell: []string{typed(append(words, c.Name)...)}, Cleanup: []string{typed("server", "delete", "--wait", orName(s.m.id, c.Name))},
	}
}

func (s *serverStep) Do(ctx context.Context) error {
	b := s.b
	id, err := b.cloud.CreateInstance(ctx, cloud.NewInstance{
		Name: b.c.Name, ImageID: b.c.Image.ID, FlavorID: b.c.Flavor.ID, PortID: b.made.Port.ID, KeyName: b.c.Key, UserData: b.wish.UserData,
		Metadata: map[string]string{metaRole: "gateway", metaPlan: b.token},
	})
	b.made.InstanceID = id
	return s.m.note(id, err)
}

func (s *serverStep) Undo(ctx context.Context) error {
	if !s.m.tried {
		return nil
	}
	ids := []string{s.m.id}
	if s.m.id == "" { // the answer was lost: it is known by the plan's token
		ids = nil
		all, err := s.b.cloud.InstancesNamed(ctx, s.b.c.Name)
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.Metadata[metaPlan] == s.b.token {
				ids = append(ids, i.ID)
			}
		}
	}
	for _, id := range ids {
		if err := s.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes an instance and waits until it is gone. A cloud that is busy is asked again.
func (s *serverStep) remove(ctx context.Context, id string) error {
	for asked := false; ; {
		if !asked {
			err := s.b.cloud.DeleteInstance(ctx, id)
			if err != nil && refused(err) && cloud.KindOf(err) != gateway.Conflict {
				return err
			}
			asked = err == nil
		}
		i, err := s.b.cloud.Instance(ctx, id)
		switch {
		case err != nil && cloud.KindOf(err) == gateway.NotFound:
			return nil
		case err == nil && i.Status == "ERROR" && i.TaskState == "":
			asked = false // the deletion failed
		case err == nil && (i.Status == "DELETED" || i.Status == "SOFT_DELETED"):
			return nil
		}
		if s.b.pause(ctx) != nil {
			return &gateway.Error{Op: "delete", Target: "instance " + s.b.c.Name, Kind: gateway.Partial, Err: errors.New("the cloud has not finished deleting it")}
		}
	}
}

// bootStep waits until Nova has built the instance.
func (b *builder) bootStep() plan.Step {
	return &waiting{patience: b.wish.patience(), step: step{
		change: func() plan.Change {
			return plan.Change{
				ID: "boot", Target: "instance " + b.c.Name, Title: "wait until it runs", Action: plan.Update,
				Before: []string{"status BUILD"}, After: []string{"status ACTIVE"}, Shell: []string{typed("server", "show", b.c.Name, "-c", "status", "-c", "fault")},
			}
		},
		do: func(ctx context.Context) error {
			return explainWait(ctx, "build", b.c.Name, b.wish.patience(), b.boot(ctx))
		},
		undo: nothing,
	}}
}

func (b *builder) boot(ctx context.Context) error {
	var last error
	for {
		i, err := b.cloud.Instance(ctx, b.made.InstanceID)
		switch kind := cloud.KindOf(err); {
		case err == nil:
			last = errors.New("its status is " + i.Status)
			plan.Note(ctx, strings.TrimSuffix(i.Status+", "+i.TaskState, ", "))
			switch i.Status {
			case "ACTIVE":
				return nil
			case "ERROR":
				return b.fault(i)
			case "DELETED", "SOFT_DELETED":
				return &gateway.Error{Op: "build", Target: b.c.Name, Kind: gateway.Conflict, Err: errors.New("somebody has deleted it")}
			}
		case kind == gateway.NotFound:
			return &gateway.Error{Op: "build", Target: b.c.Name, Kind: gateway.Conflict, Err: errors.New("it is gone: somebody has deleted it")}
		case kind == gateway.Auth || kind == gateway.Permission:
			return err
		default: // the cloud may answer again
			last = err
		}
		if b.pause(ctx) != nil {
			return last
		}
	}
}

// fault is why the cloud could not build an instance, with what can be done about that.
func (b *builder) fault(i cloud.Instance) error {
	e := &gateway.Error{Op: "build", Target: b.c.Name, Kind: gateway.Conflict, Err: errors.New("the cloud could not build it, and does not say why"), Next: "try again, or tell the cloud's operators its time and ID: " + i.ID}
	if i.Fault == "" {
		return e
	}
	e.Err = errors.New("the cloud could not build it: " + i.Fault)
	switch text := strings.ToLower(i.Fault); {
	case strings.Contains(text, "no valid host"):
		e.Next = "the cloud has no room for flavor " + b.c.Flavor.Name + " just now: choose another one (--flavor), or try again later"
	case strings.Contains(text, "quota"):
		e.Kind, e.Next = gateway.Quota, "free something or ask for a larger quota"
	case strings.Contains(text, "image"):
		e.Next = "choose another image (--image)"
	}
	return e
}
