package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"hal-controller/pkg/runtime"
)

var _ runtime.Meters = (*Engine)(nil)

// Usage implements runtime.Meters.
func (e *Engine) Usage(ctx context.Context, id string) (runtime.Usage, error) {
	processes, err := e.client.ContainerTop(ctx, id, []string{"-eo", "pid"})
	if err != nil {
		return runtime.Usage{}, e.onContainer(err)
	}
	answer, err := e.client.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return runtime.Usage{}, e.onContainer(err)
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		return runtime.Usage{}, fmt.Errorf("read the usage of %s: %w", id, err)
	}
	usage := runtime.Usage{
		Processes: len(processes.Processes),
		CPU:       time.Duration(stats.CPUStats.CPUUsage.TotalUsage), //nolint:gosec // nanoseconds, 292 years of them
	}
	for _, network := range stats.Networks {
		usage.Network += network.RxBytes + network.TxBytes
	}
	return usage, nil
}
