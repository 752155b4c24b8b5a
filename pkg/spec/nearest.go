package spec

import (
	"strings"

	"github.com/agext/levenshtein"
)

// A longer word is no slip of the pen, and comparing it would take long; so would
// comparing it with more words.
const (
	nearestMaxLength     = 64
	nearestMaxCandidates = 200
)

// Nearest finds the word among those given that was probably meant: the same in
// other case, a few letters away, or longer. ok is false where none is near.
func Nearest(word string, among []string) (nearest string, ok bool) {
	if len(word) > nearestMaxLength {
		return "", false
	}
	lower := strings.ToLower(word)
	best := allowedSlips(word) + 1
	for _, candidate := range among[:min(len(among), nearestMaxCandidates)] {
		other := strings.ToLower(candidate)
		distance := levenshtein.Distance(lower, other, nil)
		if len(word) >= 3 && strings.HasPrefix(other, lower) {
			distance = min(distance, 1)
		}
		if distance < best {
			nearest, best = candidate, distance
		}
	}
	return nearest, nearest != ""
}

// allowedSlips grows with the word: two letters of "cpu" changed are another word.
func allowedSlips(word string) int {
	switch n := len(word); {
	case n <= 2:
		return 0
	case n <= 3:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// didYouMean is ": did you mean X?" where a word is near.
func didYouMean(word string, among []string) string {
	if near, ok := Nearest(word, among); ok {
		return ": did you mean " + near + "?"
	}
	return ""
}

// suggest is didYouMean, or the whole choice where no word is near.
func suggest(word string, among []string) string {
	if hint := didYouMean(word, among); hint != "" {
		return hint
	}
	return ": it is one of " + strings.Join(among, ", ")
}
