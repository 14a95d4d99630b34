package views

// AppliedMsg tells the lists that a plan of these instances (IDs) was carried out: their marks have
// done their work.
type AppliedMsg struct{ Instances []string }
