package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
	"hal-controller/pkg/runtime"
)

// closed is a backend that opens no session: a request that is in order gets that far.
type closed struct{ *fake.Backend }

func (closed) Session(context.Context, string, api.SessionRequest) (runtime.Session, error) {
	return nil, &api.Error{Code: api.CodeRefused, Message: "closed"}
}

// bodied are the requests that bring something, and those whose query is read.
var bodied = []string{
	"POST /v1/claims", "POST /v1/claims/%/exec", "POST /v1/claims/%/extend", "DELETE /v1/claims/%",
	"POST /v1/apply", "POST /v1/pools/%/scale", "POST /v1/pools/%/suspend", "POST /v1/pools/%/rollout",
}

// FuzzRequest looks for requests that make the server panic, that it takes for its own
// fault, or that it turns down without a word.
func FuzzRequest(f *testing.F) {
	for i := range bodied {
		f.Add(uint8(i), "fix", "", []byte(`{"name":"fix","pool":"dev","env":{"A":"b"},"secrets":{"key":"cw=="},"ttl":"1h","wait":"1s","onEmpty":"queue"}`))
	}
	f.Add(uint8(1), "fix", "", []byte(`{"command":["bash","-l"],"env":{"A":"b"},"terminal":{"width":80,"height":24},"release":true}`))
	f.Add(uint8(1), "../fix", "", []byte(`{"command":["a\u0000b"]}`))
	f.Add(uint8(2), "fix", "", []byte(`{"by":"-1h"}`))
	f.Add(uint8(3), "fix", "until=gone&discard=maybe&containerID=%00", []byte(nil))
	f.Add(uint8(4), "", "dryRun=true", []byte("apiVersion: hal/v1alpha1\nkind: Pool\nmetadata: {name: dev}\nspec: {workers: {warm: 1, template: {image: a}}}\n"))
	f.Add(uint8(5), "dev", "", []byte(`{"warm":-1}{"warm":1}`))
	f.Fuzz(func(t *testing.T, route uint8, name, query string, body []byte) {
		g := NewWithT(t)
		method, path, _ := strings.Cut(strings.Replace(bodied[int(route)%len(bodied)], "%", url.PathEscape(name), 1), " ")
		target, err := url.ParseRequestURI(path)
		g.Expect(err).NotTo(HaveOccurred())
		target.RawQuery = query
		request := httptest.NewRequest(method, "/", strings.NewReader(string(body)))
		request.URL = target
		request.Header.Set("Connection", "Upgrade")
		request.Header.Set("Upgrade", "hal-session")
		answer := httptest.NewRecorder()
		api.NewServer(closed{&fake.Backend{}}).ServeHTTP(answer, request)
		g.Expect(answer.Code).To(BeNumerically("<", http.StatusInternalServerError), answer.Body.String())
		if answer.Code >= http.StatusBadRequest {
			var no api.Error
			g.Expect(json.Unmarshal(answer.Body.Bytes(), &no)).To(Succeed())
			g.Expect(no.Code).NotTo(BeEmpty())
			g.Expect(no.Message).NotTo(BeEmpty())
		}
	})
}
