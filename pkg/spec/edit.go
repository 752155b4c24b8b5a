package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The functions of this file change the text of a manifest: only the bytes that
// they must, so that comments, layout, line breaks and the other documents stay
// as they are. Each reads its result again. It is an error, and no text, where
// more has changed than should, or where what is to change is an alias, has an
// anchor or is merged in. Whether the result is valid is for Load to say.

// SetWarm returns the manifest with spec.workers.warm of a pool set to n: other
// digits, and nothing else.
func SetWarm(data []byte, pool string, n int) ([]byte, error) {
	return editDocument("set spec.workers.warm", data, pool, func(t *text, i int) ([]byte, error) {
		if !t.want(i, n, "spec", "workers", "warm") {
			return data, nil
		}
		at, err := locate(t.sections[i].root, "spec", "workers", "warm")
		if err != nil {
			return nil, err
		}
		return t.replaceScalar(i, at, intTag, strconv.Itoa(n))
	})
}

// SetSuspend returns the manifest with spec.suspend of a pool set. Where it is
// not written and should be true it becomes the first key of spec.
func SetSuspend(data []byte, pool string, suspend bool) ([]byte, error) {
	return editDocument("set spec.suspend", data, pool, func(t *text, i int) ([]byte, error) {
		if !t.want(i, suspend, "spec", "suspend") {
			return data, nil
		}
		spec, err := locate(t.sections[i].root, "spec")
		if err != nil {
			return nil, err
		}
		word := strconv.FormatBool(suspend)
		if at := child(spec, "suspend"); at != nil {
			return t.replaceScalar(i, at, boolTag, word)
		}
		return t.insertFirst(i, "spec", "suspend", word)
	})
}

// RemoveDocument returns the manifest without the document of a pool.
func RemoveDocument(data []byte, pool string) ([]byte, error) {
	return editDocument("remove the document", data, pool, func(t *text, i int) ([]byte, error) {
		s := t.sections[i]
		t.values = slices.Delete(t.values, i, i+1)
		return t.splice(s.start, s.end, ""), nil
	})
}

// ReplaceDocument returns the manifest with the document of a pool, its comments
// included, replaced by another of the same pool.
func ReplaceDocument(data []byte, pool string, doc []byte) ([]byte, error) {
	return editDocument("replace the document", data, pool, func(t *text, i int) ([]byte, error) {
		body, value, err := onlyPool(doc)
		if err != nil {
			return nil, err
		}
		if name := poolName(value); name != pool {
			return nil, fmt.Errorf("the new document is of pool %q", name)
		}
		t.values[i] = value
		return t.splice(t.sections[i].body, t.sections[i].end, t.withBreaks(body)), nil
	})
}

// AppendDocument returns the manifest with the document of a pool added at its
// end. That it has none of that pool yet is for the caller to know.
func AppendDocument(data, doc []byte) ([]byte, error) {
	t, err := parseText(data)
	if err != nil {
		return nil, fmt.Errorf("add a document: %w", err)
	}
	added, value, err := onlyPool(doc)
	if err != nil {
		return nil, fmt.Errorf("add a document: %w", err)
	}
	if len(t.values) > 0 {
		added = marker + "\n" + added
	}
	if len(data) > t.bom && !endsLine(data) {
		added = "\n" + added
	}
	t.values = append(t.values, value)
	edited, err := t.verified(t.splice(len(data), len(data), t.withBreaks(added)))
	if err != nil {
		return nil, fmt.Errorf("add pool %q: %w", poolName(value), err)
	}
	return edited, nil
}

// Document returns the text of one pool's document, with its comments and
// without the line that separates it from the one before.
func Document(data []byte, pool string) ([]byte, error) {
	t, err := parseText(data)
	if err != nil {
		return nil, fmt.Errorf("find the document of pool %q: %w", pool, err)
	}
	i, err := t.find(pool)
	if err != nil {
		return nil, fmt.Errorf("find the document of pool %q: %w", pool, err)
	}
	return slices.Clone(data[t.sections[i].body:t.sections[i].end]), nil
}

// editDocument has change make another text, and t.values what should then be in
// it, for the i-th document, which is the pool's.
func editDocument(what string, data []byte, pool string, change func(t *text, i int) ([]byte, error)) ([]byte, error) {
	edit := func() ([]byte, error) {
		t, err := parseText(data)
		if err != nil {
			return nil, err
		}
		i, err := t.find(pool)
		if err != nil {
			return nil, err
		}
		edited, err := change(t, i)
		if err != nil {
			return nil, err
		}
		return t.verified(edited)
	}
	edited, err := edit()
	if err != nil {
		return nil, fmt.Errorf("%s of pool %q: %w", what, pool, err)
	}
	return edited, nil
}

// onlyPool is the text and the value of a manifest that is one pool.
func onlyPool(doc []byte) (body string, value any, err error) {
	t, err := parseText(doc)
	if err != nil {
		return "", nil, fmt.Errorf("the new document: %w", err)
	}
	if len(t.values) != 1 || poolName(t.values[0]) == "" {
		return "", nil, errors.New("what is new is not one document, of a pool with a name")
	}
	body = string(doc[t.sections[0].body:t.sections[0].end])
	if strings.HasPrefix(body, marker) {
		return "", nil, fmt.Errorf("the new document begins on the line of its %s: begin it on the next", marker)
	}
	if !endsLine([]byte(body)) {
		body += "\n"
	}
	return body, t.values[0], nil
}
