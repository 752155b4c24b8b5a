package reconcile

import (
	"fmt"
	"math"
	"time"

	"hal-controller/pkg/spec"
)

// hold says how many workers may be created now, and what stands in the way of
// more. What cannot be had is waited for, not tried again and again.
type hold struct {
	most    int
	reason  string // a condition reason; "" where nothing stands in the way
	message string
	until   time.Time
}

// hold is none without the services, the image or the memory; and in a crash loop
// one at a time, each after its backoff.
func (w workerPool) hold() hold {
	template := healTemplate(w.State, w.effective)
	if !w.servicesReady {
		return hold{reason: spec.ReasonSharedServiceUnhealthy, message: "new workers wait for the shared services"}
	}
	if image := template.Image(); w.Observed.Images[image] == "" {
		return hold{reason: spec.ReasonImageMissing, message: imageMissing(image)}
	}
	if message := memoryShort(w.Observed.Host, template.prototype.Limits.Memory); message != "" {
		return hold{reason: spec.ReasonInsufficientMemory, message: message, until: w.Now.Add(memoryRecheck)}
	}
	failed, due, looping := w.crashLoop(template.Revision)
	if !looping {
		return hold{most: math.MaxInt}
	}
	if w.Now.Before(due) {
		return hold{
			reason: spec.ReasonCrashLoop, until: due,
			message: fmt.Sprintf("workers failed %s in a row; the last, %s", times(failed.count), failed.last),
		}
	}
	for _, k := range w.live {
		if k.current && !k.availableAt(w.Now, w.minReady()) {
			return hold{} // its becoming available, or its end, has the pool looked at
		}
	}
	return hold{most: 1}
}
