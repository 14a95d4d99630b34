package views

import (
	"net/netip"
	"time"

	"charm.land/bubbles/v2/key"

	"portico/cloud"
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/history"
	"portico/gateway/plan"
	"portico/gateway/probe"
	"portico/gateway/publish"
	"portico/gateway/scheme"
)

type (
	// SnapshotMsg brings fresh data. When the cloud or the gateway did not answer, its error is
	// set and the snapshot still holds the last good data; At is when that was read.
	SnapshotMsg struct {
		Gen        int // bumps when cloud, project or gateway is switched; older ones are dropped
		Snapshot   publish.Snapshot
		Gateways   []gateway.Gateway // all there could be; the snapshot's is the one in use
		CloudErr   error
		GatewayErr error
		CloudAt    time.Time
		GatewayAt  time.Time
		Keys       Keys   // that the operator has bound
		ReadOnly   string // why nothing can be changed in this project, or ""
	}
	// LoginsMsg tells how to log in to each instance, by ID.
	LoginsMsg struct{ Logins map[string]publish.Login }
	// SchemesMsg brings the schemes and services one can choose from; the first scheme is the default,
	// and no services are the built-in ones.
	SchemesMsg struct {
		Schemes  []scheme.Scheme
		Services []gateway.Service
	}
	// OpenFormMsg tells the publish form for which instances (IDs) it is opened.
	OpenFormMsg struct{ Instances []string }
	// OpenSubnetMsg tells the form for whole subnets that it is opened.
	OpenSubnetMsg struct{}
	// PlanMsg answers a Draft.
	PlanMsg struct {
		Seq      int
		Proposal publish.Proposal
		Err      error
	}
	// SurveyMsg is a part of the answer to a Survey: one finding, or where the operator comes from, or,
	// with Done, that nothing follows.
	SurveyMsg struct {
		Seq     int
		Finding *publish.Finding
		Me      *Me
		Done    bool
	}
	// ShowPlanMsg gives the preview its proposal, and the one that it was made in place of, if any.
	ShowPlanMsg struct {
		Proposal publish.Proposal
		Was      *publish.Proposal
	}
	// ApplyStartMsg tells the apply screen what is about to run, and to which list the way back
	// leads: "instances".
	ApplyStartMsg struct {
		Proposal publish.Proposal
		From     string
	}
	// ApplyEventMsg is one step entering a state.
	ApplyEventMsg struct{ Event plan.Event }
	// GuardMsg tells what protects the operator while a proposal is applied.
	GuardMsg struct{ publish.Guard }
	// ApplyDoneMsg ends an apply. Notes are what else to know.
	ApplyDoneMsg struct {
		Report plan.Report
		Notes  []string
	}
	// ProbeStartMsg tells which forwards are being probed.
	ProbeStartMsg struct{ Keys []gateway.Key }
	// ProbeMsg is one test result, for the forward with this key.
	ProbeMsg struct {
		Key    gateway.Key
		Result probe.Result
	}
	// AskMsg is a question that something in the background needs answered: an unknown host key,
	// a passphrase. Secret questions hide what is typed.
	AskMsg struct {
		ID          int
		Title       string
		Lines       []string
		Secret      bool
		Yes, Cancel string // the buttons' words; Cancel has the focus
		// Until is when the question is taken back; zero is never. Else is what happens then: "taken
		// back by itself".
		Until time.Time
		Else  string
	}
	// DiagnoseMsg tells the doctor's screen what is being looked at. What is not of the same Seq is of
	// a diagnosis before it.
	DiagnoseMsg struct {
		Seq int
		Diagnose
	}
	// LadderMsg brings the hops as far as they are known.
	LadderMsg struct {
		Seq      int
		Progress doctor.Progress
	}
	// DiagnosisMsg ends a diagnosis. With Err nothing could be diagnosed.
	DiagnosisMsg struct {
		Seq       int
		Diagnosis doctor.Diagnosis
		Err       error
	}
	// RoundsMsg tells how far a look at all forwards is; it begins with none done.
	RoundsMsg struct{ Seq, Done, Of int }
	// RoundsDoneMsg brings what was found, worst first.
	RoundsDoneMsg struct {
		Seq       int
		Diagnoses []doctor.Diagnosis
		Err       error
		At        time.Time
	}
	// HistoryMsg brings what was applied, newest first. Err says what could not be read; what could
	// is there all the same.
	HistoryMsg struct {
		Records []history.Record
		Err     error
		At      time.Time // when it was read
	}
	// SizeMsg tells the size that the body will be drawn at from now on, for moves by a page.
	SizeMsg struct{ Width, Height int }
	// FindMsg puts a list's cursor on a row: an instance's ID, or what ForwardRow makes of a forward.
	FindMsg struct{ Row string }
	// HelpMsg tells the help page the bindings of the screen it was opened from and the ones
	// that work everywhere.
	HelpMsg struct{ Sections []HelpSection }
	// ToastMsg shows a line in the status bar for a moment.
	ToastMsg struct {
		Text string
		Bad  bool
	}
)

// OnlyLooks is what is said of a key that would change something where nothing can be changed.
func OnlyLooks(why string) string { return "this console only looks: " + why }

// StartedReadOnly is why nothing can be changed in a console that was started so, or "".
func StartedReadOnly(started bool) string { return publish.WhyReadOnly(started, cloud.Identity{}) }

// At is when the newest of it was read.
func (m SnapshotMsg) At() time.Time {
	if m.GatewayAt.After(m.CloudAt) {
		return m.GatewayAt
	}
	return m.CloudAt
}

// Me is where the operator comes from, as the gateway sees it, or why that is not known.
type Me struct {
	Addr netip.Addr
	Err  error
}

// ForwardRow names a forward in lists of forwards.
func ForwardRow(f gateway.Forward) string {
	return string(f.Service.Protocol) + " " + f.Public.String()
}

// WhyNone says why no forwards are listed. Nothing is what to say when none stands, and noGateway when
// there is nothing yet that could carry one.
func (m SnapshotMsg) WhyNone(nothing, noGateway string) string {
	switch {
	case m.Snapshot.State != nil:
		return nothing
	case m.GatewayErr != nil && cloud.KindOf(m.GatewayErr) == gateway.NotFound:
		return noGateway
	case m.GatewayErr != nil:
		return "what is published is not known: the gateway has not answered"
	case m.CloudAt.IsZero():
		return "asking the cloud…"
	}
	return "asking the gateway…"
}

// HelpSection is a heading with the bindings below it, in groups.
type HelpSection struct {
	Title string
	Keys  [][]key.Binding
}
