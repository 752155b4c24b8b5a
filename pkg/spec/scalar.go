package spec

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// CPU is a limit in thousandths of a core. In a manifest it is a string: "2",
// "0.5" or "500m".
type CPU int64

// Memory is a limit in bytes. In a manifest it is a string: "512Mi" or "4Gi".
type Memory int64

// Duration is a time.Duration that a manifest writes as "90s", "10m" or 0.
type Duration time.Duration

// IntOrPercent is a count, or a percentage of one. In a manifest it is a number
// such as 2, or a string such as "20%".
type IntOrPercent struct {
	Value   int
	Percent bool
}

// Quantities are matched before they are parsed: resource.ParseQuantity takes
// seconds for "1e-10000000" (kubernetes#141306), reads memory "512m" as half a
// byte, and refuses Docker's "4g". The length bounds the arithmetic.
var (
	memoryPattern = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$`)
	cpuPattern    = regexp.MustCompile(`^([0-9]+(\.[0-9]{1,3})?|[0-9]+m)$`)
	memoryMistake = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*(?i:([kmgt])i?b?)$`)
)

const quantityMaxLength = 20

// A larger number is a slip, and would overflow on its way to the engine.
const maxCores = 100_000

// ParseMemory reads a memory quantity. The error has a hint where one is known.
func ParseMemory(s string) (Memory, error) {
	if len(s) > quantityMaxLength || !memoryPattern.MatchString(s) {
		if m := memoryMistake.FindStringSubmatch(s); m != nil && len(s) <= quantityMaxLength {
			return 0, fmt.Errorf("%q: did you mean %s%si?", s, m[1], strings.ToUpper(m[2]))
		}
		return 0, fmt.Errorf("%.40q is no memory quantity: write it as 512Mi or 4Gi", s)
	}
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no memory quantity: %w", s, err)
	}
	if q.CmpInt64(math.MaxInt64) >= 0 {
		return 0, fmt.Errorf("%q is more memory than there can be", s)
	}
	return Memory(q.Value()), nil
}

// ParseCPU reads a CPU quantity.
func ParseCPU(s string) (CPU, error) {
	if len(s) > quantityMaxLength || !cpuPattern.MatchString(s) {
		return 0, fmt.Errorf(`%.40q is no CPU quantity: write it as "2", "0.5" or "500m"`, s)
	}
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no CPU quantity: %w", s, err)
	}
	if q.CmpInt64(maxCores) > 0 {
		return 0, fmt.Errorf("%q is more CPU than there can be", s)
	}
	return CPU(q.MilliValue()), nil
}

var durationPattern = regexp.MustCompile(`^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`)

// ParseDuration reads a duration such as "90s"; "0" is zero.
func ParseDuration(s string) (Duration, error) {
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%.40q: a duration cannot be negative", s)
	}
	if len(s) > quantityMaxLength || !durationPattern.MatchString(s) {
		return 0, fmt.Errorf("%.40q is no duration: write it as 500ms, 90s, 10m or 2h", s)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%.40q is longer than a duration can be", s)
	}
	return Duration(d), nil
}

var intOrPercentPattern = regexp.MustCompile(`^([0-9]{1,6}|(100|[0-9]{1,2})%)$`)

// ParseIntOrPercent reads "2" or "20%"; a percentage is at most 100.
func ParseIntOrPercent(s string) (IntOrPercent, error) {
	if !intOrPercentPattern.MatchString(s) {
		return IntOrPercent{}, fmt.Errorf(`%.40q is neither a count such as 2 nor a percentage such as "20%%"`, s)
	}
	digits, percent := strings.CutSuffix(s, "%")
	n, _ := strconv.Atoi(digits) // at most six digits
	return IntOrPercent{Value: n, Percent: percent}, nil
}

// Of is the count that i means among total: percentages are rounded up.
func (i IntOrPercent) Of(total int) int {
	if !i.Percent {
		return i.Value
	}
	return (i.Value*total + 99) / 100
}

// FloorOf is the count that i means among total: percentages are rounded down.
func (i IntOrPercent) FloorOf(total int) int {
	if !i.Percent {
		return i.Value
	}
	return i.Value * total / 100
}

func (i IntOrPercent) String() string {
	if i.Percent {
		return strconv.Itoa(i.Value) + "%"
	}
	return strconv.Itoa(i.Value)
}

// MarshalJSON writes a number, or a string with a per cent sign.
func (i IntOrPercent) MarshalJSON() ([]byte, error) {
	if i.Percent {
		return json.Marshal(i.String())
	}
	return json.Marshal(i.Value)
}

// UnmarshalJSON reads a number, or a string with a per cent sign.
func (i *IntOrPercent) UnmarshalJSON(data []byte) error {
	v, err := ParseIntOrPercent(strings.Trim(string(data), `"`))
	if err != nil {
		return err
	}
	*i = v
	return nil
}

func (m Memory) String() string { return resource.NewQuantity(int64(m), resource.BinarySI).String() }

func (c CPU) String() string { return resource.NewMilliQuantity(int64(c), resource.DecimalSI).String() }

// String is the shortest form: 10m, not 10m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalJSON writes the quantity as a manifest does.
func (m Memory) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// MarshalJSON writes the quantity as a manifest does.
func (c CPU) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// MarshalJSON writes the duration as a manifest does.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a string.
func (m *Memory) UnmarshalJSON(data []byte) error { return unmarshalScalar(data, m, ParseMemory) }

// UnmarshalJSON reads a string.
func (c *CPU) UnmarshalJSON(data []byte) error { return unmarshalScalar(data, c, ParseCPU) }

// UnmarshalJSON reads a string, or the number 0.
func (d *Duration) UnmarshalJSON(data []byte) error {
	if string(data) == "0" {
		*d = 0
		return nil
	}
	return unmarshalScalar(data, d, ParseDuration)
}

func unmarshalScalar[T any](data []byte, into *T, parse func(string) (T, error)) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%s: write it as a string", data)
	}
	v, err := parse(s)
	if err != nil {
		return err
	}
	*into = v
	return nil
}
