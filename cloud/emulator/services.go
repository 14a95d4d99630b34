package emulator

import (
	"html"
	"net/http"
	"strconv"
	"strings"
)

// service is one of the four APIs; each words its errors in its own way.
type service string

const (
	identityAPI service = "/identity"
	computeAPI  service = "/compute"
	networkAPI  service = "/network"
	imageAPI    service = "/image"
)

// htmlPage is a body that Glance sends instead of JSON.
type htmlPage string

func serviceOf(path string) service {
	for _, s := range []service{computeAPI, networkAPI, imageAPI} {
		if path == string(s) || strings.HasPrefix(path, string(s)+"/") {
			return s
		}
	}
	return identityAPI
}

// novaFaults are the keys Nova puts its errors under; anything else is a computeFault.
var novaFaults = map[int]string{
	http.StatusBadRequest: "badRequest", http.StatusForbidden: "forbidden",
	http.StatusNotFound: "itemNotFound", http.StatusMethodNotAllowed: "badMethod",
	http.StatusConflict: "conflictingRequest", http.StatusRequestEntityTooLarge: "overLimit",
	http.StatusTooManyRequests: "overLimit", http.StatusNotImplemented: "notImplemented",
	http.StatusServiceUnavailable: "serviceUnavailable",
}

// problem is an error answer in the service's own form. A 401 comes from the middleware in
// front of Nova and Neutron and so has Keystone's form.
func (s service) problem(status int, message string) response {
	switch {
	case s == imageAPI:
		return htmlProblem(status, message)
	case s == computeAPI && status != http.StatusUnauthorized:
		key, ok := novaFaults[status]
		if !ok {
			key = "computeFault"
		}
		return reply(status, view{key: view{"code": status, "message": message}})
	case s == networkAPI && status != http.StatusUnauthorized:
		return neutronError(status, "HTTP"+strings.ReplaceAll(http.StatusText(status), " ", ""), message)
	}
	return reply(status, view{"error": view{"code": status, "title": http.StatusText(status), "message": message}})
}

// failing is an error answer for no reason that the request gives, as the service words it.
func (s service) failing(status int) response {
	const serverError = "Request Failed: internal server error while processing your request."
	said := map[int]string{
		http.StatusUnauthorized: "The request you have made requires authentication.", http.StatusNotFound: "The resource could not be found.",
		http.StatusForbidden: "Policy doesn't allow this to be performed.", http.StatusTooManyRequests: "This request was rate-limited.",
		http.StatusInternalServerError: serverError,
	}
	if s == computeAPI {
		said[http.StatusInternalServerError] = "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible."
	}
	kinds := map[int]string{http.StatusConflict: "Conflict", http.StatusForbidden: "PolicyNotAuthorized"}
	message := said[status]
	if message == "" {
		message = http.StatusText(status)
	}
	if kind := kinds[status]; kind != "" && s == networkAPI {
		return neutronError(status, kind, message)
	}
	return s.problem(status, message)
}

// noSuchPath is the answer to a path that the service does not serve: Nova's and Glance's come
// from WebOb as a page.
func (s service) noSuchPath() response {
	const message = "The resource could not be found."
	if s == computeAPI {
		return htmlProblem(http.StatusNotFound, message)
	}
	return s.problem(http.StatusNotFound, message)
}

// htmlProblem is an error page as WebOb makes it.
func htmlProblem(status int, message string) response {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return reply(status, htmlPage("<html>\n <head>\n  <title>"+title+"</title>\n </head>\n <body>\n  <h1>"+
		title+"</h1>\n  "+html.EscapeString(message)+"<br /><br />\n\n\n\n </body>\n</html>"))
}

// neutronError is an error as Neutron writes it: kind is the name of its Python exception.
func neutronError(status int, kind, message string) response {
	return reply(status, view{"NeutronError": view{"type": kind, "message": message, "detail": ""}})
}
