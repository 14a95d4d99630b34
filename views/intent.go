package views

import (
	"portico/gateway"
	"portico/gateway/doctor"
	"portico/gateway/publish"
)

// Intent is what a screen wants done. The set is closed: only this package makes intents.
type Intent interface{ intent() }

// Target names a screen.
type Target string

// The screens one can navigate to.
const (
	Instances   Target = "instances"
	FloatingIPs Target = "floatingips"
	Forwards    Target = "forwards"
	Gateways    Target = "gateways"
	History     Target = "history"
	PublishForm Target = "publish"
	Preview     Target = "preview"
	ApplyRun    Target = "apply"
	HelpPage    Target = "help"
	Doctor      Target = "doctor"
	Rounds      Target = "rounds"
)

type (
	// Navigate shows another screen; Back returns to the one before.
	Navigate struct{ To Target }
	// Back leaves the screen.
	Back struct{}
	// Quit ends the program, after asking when something is running.
	Quit struct{}
	// Refresh asks for fresh data now.
	Refresh struct{}
	// Publish opens the form for these instances (IDs).
	Publish struct{ Instances []string }
	// Withdraw makes a plan that removes these instances' forwards and shows it.
	Withdraw struct {
		Instances []string
		Services  []string
	}
	// Repair makes a plan that puts right what is Portico's own on the gateway, and shows it.
	Repair struct{}
	// Adopt makes a plan that takes over forwards made by hand, and shows it: those at these public
	// ports ("tcp/30011"), or, without any, all that can be.
	// Vacant takes over, too, what leads to addresses that nobody has.
	Adopt struct {
		Ports  []string
		Vacant bool
	}
	// MakeGateway makes a plan that prepares a machine as a gateway, or retires it, and shows it.
	MakeGateway struct {
		Make publish.Prepared
		On   gateway.Gateway
	}
	// ChangeFloatingIP makes a plan that attaches, detaches, allocates or releases one, and shows it.
	ChangeFloatingIP struct{ Request publish.FloatingIPRequest }
	// Draft asks for the plan of a request; the answer is a PlanMsg with the same Seq.
	Draft struct {
		Seq     int
		Request publish.Request
	}
	// Survey asks what these services of these instances (IDs) do when the gateway connects to them, and
	// from where the operator comes; the answers are SurveyMsgs with the same Seq. It ends the survey
	// before it. Without instances that is all; with Me it only asks from where.
	Survey struct {
		Seq       int
		Me        bool
		Instances []string
		Services  []gateway.Service
	}
	// Both does two things, in this order.
	Both struct{ First, Then Intent }
	// ShowPlan opens the preview of a proposal. Was is the one that it was made in place of, because
	// the gateway has changed since; else it is nil.
	ShowPlan struct {
		Proposal publish.Proposal
		Was      *publish.Proposal
	}
	// Apply carries a proposal out. It was confirmed on screen.
	Apply struct{ Proposal publish.Proposal }
	// StopWaiting gives up an apply that waits for somebody else's to end.
	StopWaiting struct{}
	// Test probes forwards.
	Test struct {
		Forwards []gateway.Forward
		Gateway  bool // also as the gateway sees their private ends
	}
	// Diagnose looks at a path, hop by hop, and shows what is found. Title says which until the
	// doctor has found out: "jupyter ssh".
	Diagnose struct {
		Target doctor.Target
		Title  string
		Again  bool // it is on screen, and is looked at once more
	}
	// DiagnoseAll looks at every forward of the gateway, and lists what is found.
	DiagnoseAll struct{}
	// ShowDiagnosis opens the ladder of a path that was looked at.
	ShowDiagnosis struct{ Diagnosis doctor.Diagnosis }
	// Mend makes the plan of a diagnosis' fix and shows it.
	Mend struct{ Request publish.Request }
	// CopySSH puts the ssh command of a forward on the clipboard.
	CopySSH struct{ Forward gateway.Forward }
	// CopyText puts a text on the clipboard; What says what it is: "preview".
	CopyText struct{ Text, What string }
	// Export writes a text to a file; What says what it is: "the script". One that is there already is
	// asked about, unless it may be written over.
	Export struct {
		Path, Text, What string
		Overwrite        bool
	}
	// Answer replies to an AskMsg.
	Answer struct {
		ID     int
		Yes    bool
		Secret string
	}
	// Tell shows a line in the status bar for a moment.
	Tell struct{ Text string }
)

func (Navigate) intent()      {}
func (Back) intent()          {}
func (Quit) intent()          {}
func (Refresh) intent()       {}
func (Publish) intent()       {}
func (Withdraw) intent()      {}
func (Repair) intent()        {}
func (Adopt) intent()         {}
func (MakeGateway) intent()   {}
func (StopWaiting) intent()   {}
func (Draft) intent()         {}
func (Survey) intent()        {}
func (Both) intent()          {}
func (ShowPlan) intent()      {}
func (Apply) intent()         {}
func (Test) intent()          {}
func (Diagnose) intent()      {}
func (DiagnoseAll) intent()   {}
func (ShowDiagnosis) intent() {}
func (Mend) intent()          {}
func (CopySSH) intent()       {}
func (CopyText) intent()      {}
func (Export) intent()        {}
func (Answer) intent()        {}
func (Tell) intent()          {}

func (ChangeFloatingIP) intent() {}
