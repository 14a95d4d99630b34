// Package doctor says why a forward does not connect: at which hop of its path, on what evidence,
// and what puts it right.
//
//	you -> floating IP -> router -> gateway's port and groups -> gateway
//	    -> VM's port and groups -> VM -> service
//
// Two passes look at a path. What the cloud and the gateway say of themselves is judged by pure
// functions over facts that were gathered once; a few live connections then tell what those cannot
// know. Neither changes anything, and neither needs more rights than listing the project. What
// could not be seen is [Unknown], never [OK] and never [Blocked].
package doctor
