// Package effects is the only place where the console does something: it turns intents into
// commands that ask the cloud, the gateway or the network, and their answers into messages.
//
//	root --method--> tea.Cmd ~~ goroutine ~~> Backend
//	root <--message-- one value   or   <--More{message, next}-- a stream, in order
//
// Everything that reads is cancelled when the console ends. A plan that is being applied is not:
// Close waits for it. A panic in a command becomes an error message; it does not tear the screen down.
package effects
