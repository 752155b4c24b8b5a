package instrument

import (
	"go/ast"
	"slices"
)

// Choice says whether a function gets points.
type Choice func(*ast.FuncDecl) bool

// Methods are the exported methods of a type that can fail.
func Methods(of string) Choice {
	return func(f *ast.FuncDecl) bool { return f.Name.IsExported() && receiver(f) == of && fails(f) }
}

// Writers are the functions that replace, rename or remove a file themselves.
func Writers() Choice {
	return func(f *ast.FuncDecl) bool {
		writes := false
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is && writesFile(call.Fun) {
				writes = true
			}
			return !writes
		})
		return writes
	}
}

func writesFile(f ast.Expr) bool {
	s, is := f.(*ast.SelectorExpr)
	if !is {
		return false
	}
	from, is := s.X.(*ast.Ident)
	if !is {
		return false
	}
	switch from.Name {
	case "renameio":
		return slices.Contains([]string{"WriteFile", "NewPendingFile", "TempFile"}, s.Sel.Name)
	case "os":
		return slices.Contains([]string{"Remove", "Rename", "WriteFile"}, s.Sel.Name)
	default:
		return false
	}
}

// receiver is the type that a function is a method of, "" for none.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if pointer, is := t.(*ast.StarExpr); is {
		t = pointer.X
	}
	if name, is := t.(*ast.Ident); is {
		return name.Name
	}
	return ""
}

func fails(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	return slices.ContainsFunc(f.Type.Results.List, func(r *ast.Field) bool {
		name, is := r.Type.(*ast.Ident)
		return is && name.Name == "error"
	})
}
