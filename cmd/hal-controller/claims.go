package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hal-controller/pkg/api"
	"hal-controller/pkg/claim"
	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// claimOptions are what `run` needs for claims.
type claimOptions struct {
	// roots are where projects may be; none: the caller's home.
	roots []string
	// slots is the directory of the workers' slots.
	slots string
	// adminGroup is whose members may use everyone's claims; "": nobody's.
	adminGroup string
}

// openClaims opens what is kept of claims. Where no state is kept there are none.
func (op *operator) openClaims(ctx context.Context, o claimOptions) error {
	if op.state == "" {
		return nil
	}
	var err, unbindable error
	op.roots = o.roots
	op.binder, unbindable = op.openSlots(ctx, o.slots)
	if unbindable != nil && !errors.Is(unbindable, bind.ErrUnsupported) {
		return unbindable
	}
	op.audit, err = claim.OpenAudit(filepath.Join(op.state, "audit.log"))
	if err != nil {
		return err
	}
	options := claim.Options{
		Runtime: op.engine, Sessions: op.engine, Meters: op.engine, Claimable: op.claimable, Pool: op.declared,
		Enqueue: func(pool string) { op.reconciler.Enqueue(pool) }, Unbindable: unbindable,
		Rules: o.rules(op), UserDir: op.userDir, Admin: o.admin,
		Copies: claim.Copies{Shell: rescueEngine{op.engine}, Dir: filepath.Join(op.state, "copies")},
		Store:  claim.Store{Dir: filepath.Join(op.state, "claims")}, Audit: op.audit,
		Declared: op.declaredClaims, Rescue: op.rescue, Why: op.firstCause, Event: op.claimEvent, Now: time.Now, Log: op.log,
	}
	if op.binder != nil {
		options.Binder = op.binder
	}
	op.claims = claim.New(options)
	return nil
}

// openSlots opens the slots of an engine whose containers can have what is mounted here.
func (op *operator) openSlots(ctx context.Context, dir string) (*bind.Slots, error) {
	reason, err := op.engine.Apart(ctx)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		return nil, fmt.Errorf("%w: %s", bind.ErrUnsupported, reason)
	}
	return bind.Open(dir)
}

// forbidden is what no worker may have, whoever asks: the machine itself, the engine
// with its socket, and the controller's own with its.
func (op *operator) forbidden() []string {
	paths := []string{
		"/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/usr", "/var/run",
		"/var/lib/docker", "/var/lib/containerd", op.state, op.socket,
	}
	if engine, local := strings.CutPrefix(op.endpoint.Host, "unix://"); local {
		paths = append(paths, engine)
	}
	return paths
}

func (o claimOptions) rules(op *operator) func(bind.Caller) bind.Rules {
	return func(who bind.Caller) bind.Rules {
		roots := o.roots
		if person, err := user.LookupId(strconv.FormatUint(uint64(who.UID), 10)); err == nil && len(roots) == 0 {
			roots = []string{person.HomeDir}
		}
		return bind.Rules{Roots: roots, Forbidden: op.forbidden()}
	}
}

// admin says whether a person is of the administrators' group.
func (o claimOptions) admin(who bind.Caller) bool {
	if o.adminGroup == "" {
		return false
	}
	group, err := user.LookupGroup(o.adminGroup)
	if err != nil {
		return false
	}
	gid, err := strconv.ParseUint(group.Gid, 10, 32)
	return err == nil && slices.Contains(append(who.Groups, who.GID), uint32(gid))
}

// userDir is a person's directory of a volume with scope user: theirs alone, the same
// one in all pools, below a directory that only root can enter.
func (op *operator) userDir(who bind.Caller, _, volume string) (string, error) {
	dir := filepath.Join(op.state, "users", strconv.FormatUint(uint64(who.UID), 10), volume)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", err
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return dir, nil
	}
	if err != nil {
		return "", err
	}
	return dir, os.Chown(dir, int(who.UID), int(who.GID))
}

// declared is the manifest of a pool that is not being taken down.
func (op *operator) declared(name string) (*spec.Pool, bool) {
	manifest, known := op.manifests.Manifest(name)
	if !known || manifest.Deleted || manifest.Pool == nil {
		return nil, false
	}
	return manifest.Pool, true
}

// firstCause is why a pool is not as declared, in one line; "" where it is.
func (op *operator) firstCause(name string) string {
	for _, p := range op.pools() {
		if p.Metadata.Name == name {
			return firstCause(p, op.events.List(name))
		}
	}
	return ""
}

// declaredClaims are the claims of the manifests; each is its file's owner's.
func (op *operator) declaredClaims() ([]claim.Declared, bool) {
	var declared []claim.Declared
	for _, entry := range op.store.Claims() {
		info, err := os.Stat(entry.Source.File)
		if err != nil {
			return nil, false // it is just being replaced
		}
		owner := info.Sys().(*syscall.Stat_t)
		declared = append(declared, claim.Declared{
			Name: entry.Claim.Metadata.Name, Pool: entry.Claim.Spec.Pool, Project: entry.Claim.Spec.Project,
			Owner: personOf(owner.Uid, owner.Gid),
		})
	}
	return declared, op.store.Synced()
}

func (op *operator) claimEvent(pool, kind, reason, name, message string) {
	op.events.Add(reconcile.Event{Time: time.Now(), Pool: pool, Type: kind, Reason: reason, Object: "claim/" + name, Message: message})
}

// caller is who asks, as the kernel vouches for them. The groups are those of the
// user database: the kernel passes on only the first.
func caller(ctx context.Context) (bind.Caller, error) {
	peer, known := api.Peer(ctx)
	if !known {
		return bind.Caller{}, &api.Error{Code: api.CodeRefused, Message: "the connection does not tell who asks: claims need the controller's Unix socket"}
	}
	return personOf(peer.UID, peer.GID), nil
}

// personOf is a user with the groups of the user database; one that is not there has
// no others.
func personOf(uid, gid uint32) bind.Caller {
	who := bind.Caller{UID: uid, GID: gid}
	person, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return who
	}
	groups, _ := person.GroupIds() // without the database there are none
	for _, group := range groups {
		if gid, err := strconv.ParseUint(group, 10, 32); err == nil {
			who.Groups = append(who.Groups, uint32(gid))
		}
	}
	return who
}

// ownerNamed is a user of this machine by name or number; nil for "".
func ownerNamed(name string) (*bind.Caller, error) {
	if name == "" {
		return nil, nil
	}
	if numbered, err := user.LookupId(name); err == nil {
		name = numbered.Username
	}
	person, err := personNamed(name)
	if err != nil {
		return nil, &api.Error{Code: api.CodeInvalid, Message: err.Error()}
	}
	owner := personOf(person.UID, person.GID)
	return &owner, nil
}

// Claims are all claims, by name.
func (d *daemon) Claims() []api.Claim {
	var claims []api.Claim
	for _, r := range d.claims.List() {
		claims = append(claims, claimOut(r))
	}
	return claims
}

// Claim gives the caller a worker.
func (d *daemon) Claim(ctx context.Context, request api.ClaimRequest, place func(int)) (api.Claim, error) {
	who, err := caller(ctx)
	if err != nil {
		return api.Claim{}, err
	}
	if err := d.known(request.Pool); err != nil {
		return api.Claim{}, err
	}
	owner, err := ownerNamed(request.User)
	if err != nil {
		return api.Claim{}, err
	}
	done, err := d.naming.begin(request, d.claimed)
	if err != nil {
		return api.Claim{}, err
	}
	defer done()
	r, err := d.claims.Claim(ctx, who, claim.Request{
		Name: request.Name, Pool: request.Pool, Project: request.Project, TTL: time.Duration(request.TTL),
		For: owner, Env: request.Env, Secrets: request.Secrets,
		OnEmpty: request.OnEmpty, Wait: time.Duration(request.Wait), Place: place, Roots: d.workDir(ctx),
	})
	return claimOut(r), claimAnswer(err)
}

// claimed says whether there is a claim of that name.
func (d *daemon) claimed(name string) bool {
	_, err := d.claims.Get(name)
	return err == nil
}

// workDir is the directory that the caller is in, where projects may be unless the
// controller was told where else.
func (d *daemon) workDir(ctx context.Context) []string {
	peer, known := api.Peer(ctx)
	if !known || len(d.roots) > 0 {
		return nil
	}
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", peer.PID))
	if err != nil || dir == "/" {
		return nil
	}
	return []string{dir}
}

// Release ends a claim.
func (d *daemon) Release(ctx context.Context, name string, o api.ReleaseOptions) (api.Released, error) {
	who, err := caller(ctx)
	if err != nil {
		return api.Released{}, err
	}
	leaving, err := d.claims.Release(who, name, claim.ReleaseOptions{Worker: o.ContainerID, Discard: o.Discard})
	if err != nil {
		return api.Released{}, claimAnswer(err)
	}
	stage := leaving.Done()
	switch o.Until {
	case api.Saved:
		stage = leaving.Saved()
	case api.Gone:
	default:
		return api.Released{}, nil
	}
	select {
	case <-stage:
	case <-ctx.Done():
		return api.Released{}, context.Cause(ctx)
	}
	outcome := leaving.Outcome()
	if outcome.Phase == claim.Bound { // its work could not be saved
		return api.Released{}, &api.Error{Code: api.CodeRefused, Message: fmt.Sprintf("claim %q: %s", name, outcome.Warning)}
	}
	return api.Released{Rescued: outcome.Rescued}, nil
}

// Extend moves the end of a claim.
func (d *daemon) Extend(ctx context.Context, name string, by time.Duration) (api.Claim, error) {
	who, err := caller(ctx)
	if err != nil {
		return api.Claim{}, err
	}
	r, err := d.claims.Extend(who, name, by)
	return claimOut(r), claimAnswer(err)
}

func claimOut(r claim.Record) api.Claim {
	out := api.Claim{
		Name: r.Name, Pool: r.Pool, Container: r.Container(), ContainerID: r.Worker, Project: r.Project, Mode: string(r.Mode),
		Phase: string(r.Phase), Message: r.Warning, Created: r.Created, Expires: r.Expires,
	}
	if !r.Recovered {
		out.User = userName(r.Caller.UID)
	}
	return out
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if person, err := user.LookupId(id); err == nil {
		return person.Username
	}
	return id
}

// claimAnswer makes a refusal an answer of no, and the end of a wait one of timeout.
func claimAnswer(err error) error {
	if errors.Is(err, claim.ErrWaited) {
		return &api.Error{Code: api.CodeTimeout, Message: err.Error()}
	}
	var refusal *claim.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	code := api.CodeRefused
	if refusal.NotFound {
		code = api.CodeNotFound
	}
	return &api.Error{Code: code, Message: fmt.Sprint(err)}
}
