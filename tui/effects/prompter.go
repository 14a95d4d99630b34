package effects

import (
	"context"
	"errors"
	"path/filepath"
	"sync"

	tea "charm.land/bubbletea/v2"

	"portico/cloud"
	"portico/gateway"
	"portico/views"
)

// Prompter asks the operator on the screen for whoever connects to a gateway. Make it first, give
// it to the connector and to the console; until the console runs, questions wait.
type Prompter struct {
	questions chan *question
	told      chan string
	ended     chan struct{} // closed with the console: nobody can be asked any more

	mu   sync.Mutex
	once sync.Once
	last int
	open map[int]*question
}

var _ gateway.Prompter = (*Prompter)(nil)

// question waits for its answer; ctx ends when the asker has given up.
type question struct {
	ctx    context.Context
	ask    views.AskMsg
	answer chan views.Answer
}

// AskGoneMsg takes a question back: its asker has given up.
type AskGoneMsg struct{ ID int }

// NewPrompter returns a prompter.
func NewPrompter() *Prompter {
	return &Prompter{questions: make(chan *question), told: make(chan string, 8), ended: make(chan struct{}), open: map[int]*question{}}
}

// Close fails all questions, open ones and new ones.
func (p *Prompter) Close() { p.once.Do(func() { close(p.ended) }) }

// What an asker gets when the operator cancels, and when there is no operator any more.
var (
	errNoAnswer = errors.New("the question was cancelled")
	errEnded    = errors.New("the console has ended")
)

// HostKey shows an unknown host key's fingerprint and asks whether it is the right one, or shows
// one that the cloud vouches for and asks whether it may replace the known one.
func (p *Prompter) HostKey(ctx context.Context, q gateway.HostKeyQuestion) (bool, error) {
	a, err := p.ask(ctx, hostKeyQuestion(q))
	return a.Yes, err
}

func hostKeyQuestion(q gateway.HostKeyQuestion) views.AskMsg {
	host := cloud.Clean(q.Host) + " (" + cloud.Clean(q.Addr) + ")"
	if q.Known != "" {
		return views.AskMsg{
			Title: "Was this machine rebuilt?",
			Lines: []string{
				"The host key of " + host + " has changed. It is now", "", cloud.Clean(q.Type), cloud.Clean(q.Fingerprint), "",
				"and was " + cloud.Clean(q.Known), "",
				"The cloud vouches for the new key: the machine's console log names it.",
			},
			Yes: "forget the old key", Cancel: "do not connect",
		}
	}
	m := views.AskMsg{
		Title: "Is this the right machine?",
		Lines: []string{"The host key of " + host + " is not known yet.", "", cloud.Clean(q.Type), cloud.Clean(q.Fingerprint), ""},
		Yes:   "trust it", Cancel: "do not connect",
	}
	if q.Unverified != "" {
		m.Lines = append(m.Lines, "It could not be verified by the cloud: "+cloud.Clean(q.Unverified)+".", "")
	}
	m.Lines = append(m.Lines, "Compare it with the fingerprint in the machine's console log. If they are the same, it is remembered.")
	return m
}

// Tell shows a line for a moment. Where many wait to be shown, it is dropped.
func (p *Prompter) Tell(line string) {
	select {
	case p.told <- line:
	default:
	}
}

// Passphrase asks for the passphrase of a key file.
func (p *Prompter) Passphrase(ctx context.Context, file string) ([]byte, error) {
	a, err := p.ask(ctx, views.AskMsg{
		Title: "Passphrase", Lines: []string{"of the key " + cloud.Clean(filepath.Base(file)), cloud.Clean(file)},
		Secret: true, Yes: "unlock", Cancel: "do not use it",
	})
	if err == nil && !a.Yes {
		err = errNoAnswer
	}
	return []byte(a.Secret), err
}

func (p *Prompter) ask(ctx context.Context, m views.AskMsg) (views.Answer, error) {
	q := &question{ctx: ctx, answer: make(chan views.Answer, 1)}
	p.mu.Lock()
	p.last++
	m.ID = p.last
	q.ask = m
	p.open[m.ID] = q
	p.mu.Unlock()
	defer p.forget(m.ID)
	select {
	case p.questions <- q:
	case <-ctx.Done():
		return views.Answer{}, ctx.Err()
	case <-p.ended:
		return views.Answer{}, errEnded
	}
	select {
	case a := <-q.answer:
		return a, nil
	case <-ctx.Done():
		return views.Answer{}, ctx.Err()
	case <-p.ended:
		return views.Answer{}, errEnded
	}
}

func (p *Prompter) forget(id int) {
	p.mu.Lock()
	delete(p.open, id)
	p.mu.Unlock()
}

// Reply gives an answer to whoever asked.
func (p *Prompter) Reply(a views.Answer) {
	p.mu.Lock()
	q := p.open[a.ID]
	p.mu.Unlock()
	if q != nil {
		select {
		case q.answer <- a:
		default: // it has one
		}
	}
}

// Questions brings the next question, and, should the asker give up, takes it back; and the lines
// that nobody need answer. Without a prompter there are none.
func (e *Effects) Questions() tea.Cmd {
	if e.prompter == nil {
		return nil
	}
	return e.do(func() tea.Msg {
		select {
		case q := <-e.prompter.questions:
			return More{Msg: q.ask, Next: tea.Batch(e.Questions(), e.gone(q))}
		case line := <-e.prompter.told:
			return More{Msg: views.ToastMsg{Text: line}, Next: e.Questions()}
		case <-e.ctx.Done():
			return nil
		}
	}, func(error) tea.Msg { return nil })
}

// Reply gives the operator's answer to whoever asked: an apply's questions have negative numbers.
func (e *Effects) Reply(r views.Answer) {
	if a := e.applying(); a != nil && r.ID < 0 {
		a.answer(r)
		return
	}
	if e.prompter != nil {
		e.prompter.Reply(r)
	}
}

func (e *Effects) gone(q *question) tea.Cmd {
	return e.do(func() tea.Msg {
		select {
		case <-q.ctx.Done():
			return AskGoneMsg{ID: q.ask.ID}
		case <-e.ctx.Done():
			return nil
		}
	}, func(error) tea.Msg { return nil })
}
