package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"hal-controller/pkg/runtime"
)

// watched are the events that tell of a change. The engine is asked for these
// alone: each probe makes three others, exec_create, exec_start and exec_die.
var watched = func() filters.Args {
	args := filters.NewArgs()
	for _, kind := range []events.Type{
		events.ContainerEventType, events.NetworkEventType, events.VolumeEventType, events.ImageEventType,
	} {
		args.Add("type", string(kind))
	}
	for _, action := range []events.Action{
		events.ActionCreate, events.ActionStart, events.ActionRestart, events.ActionStop,
		events.ActionPause, events.ActionUnPause, events.ActionUpdate, events.ActionRename,
		events.ActionDie, events.ActionOOM, events.ActionDestroy, events.ActionRemove,
		events.ActionConnect, events.ActionDisconnect,
		events.ActionImport, events.ActionLoad, events.ActionTag, events.ActionUnTag,
		events.ActionPull, events.ActionDelete, events.ActionPrune,
	} {
		args.Add("event", string(action))
	}
	return args
}()

// Events implements runtime.Runtime.
//
// The engine answers a subscription before it has made it (20.10: the headers
// are flushed first), so what happens in between would be missed. Therefore the
// events are asked for since a time that the engine gave before; it keeps the
// last 256 of them.
func (e *Engine) Events(ctx context.Context, opened func(), each func(runtime.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	info, err := e.client.Info(ctx)
	if err != nil {
		return e.failure(err)
	}
	messages, errs := e.client.Events(ctx, events.ListOptions{Since: info.SystemTime, Filters: watched})
	// By now the engine has answered, or errs has why it did not.
	pools := poolsOf{engine: e, network: map[string]string{}, volume: map[string]string{}}
	if err := pools.read(ctx); err != nil {
		return err
	}
	if opened != nil {
		opened()
	}
	for {
		select {
		case err := <-errs:
			return fmt.Errorf("stream of events: %w", e.failure(err))
		case m := <-messages:
			if event, ours := pools.event(ctx, m); ours {
				each(event)
			}
		}
	}
}

// poolsOf remembers whose the networks and volumes are: unlike those of
// containers, their events carry no labels, and once one is gone nobody can be
// asked.
type poolsOf struct {
	engine  *Engine
	network map[string]string // pool by id
	volume  map[string]string // pool by name
}

func (p *poolsOf) read(ctx context.Context) error {
	networks, err := p.engine.ListNetworks(ctx, "")
	if err != nil {
		return err
	}
	for _, n := range networks {
		p.network[n.ID] = n.Pool
	}
	volumes, err := p.engine.ListVolumes(ctx, "")
	if err != nil {
		return err
	}
	for _, v := range volumes {
		p.volume[v.Name] = v.Pool
	}
	return nil
}

// event translates a message, and says whether it is about an object of this
// instance or an image.
func (p *poolsOf) event(ctx context.Context, m events.Message) (event runtime.Event, ours bool) {
	event = runtime.Event{Kind: runtime.EventKind(m.Type), Action: string(m.Action), ID: m.Actor.ID}
	switch m.Type {
	case events.ContainerEventType:
		event.Pool = m.Actor.Attributes[labelPool]
		ours = p.engine.owns(m.Actor.Attributes)
	case events.NetworkEventType:
		p.learnNetwork(ctx, m)
		event.ID = m.Actor.Attributes["name"]
		event.Pool, ours = p.network[m.Actor.ID]
	case events.VolumeEventType:
		p.learnVolume(ctx, m)
		event.Pool, ours = p.volume[m.Actor.ID]
	case events.ImageEventType:
		if name := m.Actor.Attributes["name"]; name != "" {
			event.ID = name
		}
		ours = true
	default: // not asked for
	}
	return event, ours
}

// learnNetwork asks about a network that has just been made. One that is gone
// again is nobody's.
func (p *poolsOf) learnNetwork(ctx context.Context, m events.Message) {
	if m.Action != events.ActionCreate {
		return
	}
	n, err := p.engine.client.NetworkInspect(ctx, m.Actor.ID, network.InspectOptions{})
	if err == nil && p.engine.owns(n.Labels) {
		p.network[n.ID] = n.Labels[labelPool]
	}
}

func (p *poolsOf) learnVolume(ctx context.Context, m events.Message) {
	if m.Action != events.ActionCreate {
		return
	}
	v, err := p.engine.client.VolumeInspect(ctx, m.Actor.ID)
	if err == nil && p.engine.owns(v.Labels) {
		p.volume[v.Name] = v.Labels[labelPool]
	}
}
