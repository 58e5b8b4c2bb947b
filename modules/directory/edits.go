package directory

// net is what a sequence of member edits comes to: at first, perhaps, empty the group; then take some out and put some in.
// No value is in both lists.
type net struct {
	reset       bool
	add, remove []MemberRef
}

func (n net) empty() bool { return !n.reset && len(n.add) == 0 && len(n.remove) == 0 }

// foldEdits adds edits up, each seeing the result of the former, so that they cost one look and one write.
func foldEdits(edits []MemberEdit) net {
	var f folding
	for _, edit := range edits {
		switch edit.Op {
		case AddMembers:
			f.take(edit.Members, true)
		case RemoveMembers:
			f.take(edit.Members, false)
		case ReplaceMembers:
			f = folding{reset: true}
			f.take(edit.Members, true)
		case RemoveAllMembers:
			f = folding{reset: true}
		}
	}
	return f.net()
}

// folding remembers the last word on each value, in the order in which values came up first.
type folding struct {
	reset bool
	order []MemberRef
	in    map[string]bool
}

func (f *folding) take(members []MemberRef, in bool) {
	if f.in == nil {
		f.in = make(map[string]bool, len(members))
	}
	for _, m := range members {
		if _, known := f.in[m.Value]; !known {
			f.order = append(f.order, m)
		}
		f.in[m.Value] = in
	}
}

func (f *folding) net() net {
	n := net{reset: f.reset}
	for _, m := range f.order {
		if f.in[m.Value] {
			n.add = append(n.add, m)
		} else if !f.reset {
			n.remove = append(n.remove, m)
		}
	}
	return n
}
